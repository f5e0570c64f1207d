import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers one request; the number counts from 0. */
export type Answering = (response: ServerResponse, request: IncomingMessage, number: number) => unknown;

export interface LyingServer {
  readonly url: string;
  readonly requests: readonly IncomingMessage[];
  close(): Promise<void>;
}

/** A server that says what no Runstream service would. */
export async function startLyingServer(answering: Answering): Promise<LyingServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    void answering(response, request, requests.push(request) - 1);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

export function stream(response: ServerResponse, frames: readonly string[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  response.write(frames.join(''));
}

export function json(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export function event(sequence: number, type = 'llm.stream') {
  const [category = '', action = ''] = type.split('.');
  return {
    id: `9-${sequence}`,
    run_id: 'r',
    tenant_id: 't',
    sequence,
    event: { category, action },
    data: {},
  };
}

export function frame(sequence: number, type?: string): string {
  const { event: named, ...rest } = event(sequence, type);
  const json = JSON.stringify({ ...rest, event: named });
  return `event: ${named.category}.${named.action}\ndata: ${json}\nid: 9-${sequence}\n\n`;
}

export function control(name: string, data: unknown, cursor: string): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\nid: ${cursor}\n\n`;
}

export const close = (after: number): string =>
  control('close', { reason: 'ended', status: 'completed' }, `9-${after}`);

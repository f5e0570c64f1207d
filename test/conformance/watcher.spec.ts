import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Client } from './client.js';
import { assertSequences } from './watcher.js';

let server: Server | undefined;
let ending: AbortController | undefined;

async function clientOf(answer: (response: ServerResponse) => void): Promise<Client> {
  const own = createServer((_, response) => answer(response));
  server = own;
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
  ending = new AbortController();
  const { port } = own.address() as AddressInfo;
  return new Client({ url: `http://127.0.0.1:${port}` }, ending.signal);
}

afterEach(() => {
  ending?.abort();
  server?.closeAllConnections();
  server?.close();
});

const stream = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { 'content-type': 'text/event-stream' });
const event = (sequence: number): string =>
  `id: 1-${sequence}\nevent: llm.stream\ndata: {"sequence":${sequence}}\n\n`;

describe('Watcher', () => {
  it('tells events and control frames apart', async () => {
    const api = await clientOf((response) => {
      stream(response).end(
        `id: 0-0\nevent: cursor\ndata: {}\n\n${event(1)}id: 1-1\nevent: close\ndata: {"reason":"ended"}\n\n`,
      );
    });
    const watcher = await (await api.watch('r')).untilEnd();
    expect(watcher.controls.map(({ event: name }) => name)).toEqual(['cursor', 'close']);
    assertSequences(watcher.events, 1, 1);
    expect((await watcher.untilControl('close')).data).toEqual({ reason: 'ended' });
    expect(watcher.lastEventId).toBe('1-1');
  });

  it('says what came instead when the stream ends too early', async () => {
    const api = await clientOf((response) => stream(response).end(event(1)));
    const watcher = await api.watch('r');
    await expect(watcher.untilEvents(2)).rejects.toThrow(
      /ended while waiting for 2 events; 1 events .*llm\.stream@1-1/,
    );
  });

  it('does not take a cut connection for the end', async () => {
    const api = await clientOf((response) => {
      stream(response).write(event(1), () => response.destroy());
    });
    await expect((await api.watch('r')).untilEnd()).rejects.toThrow(/cut/);
  });

  it('expects an event stream, and shows the error that came in its place', async () => {
    const api = await clientOf((response) => response.writeHead(404).end('{"code":"RUN_NOT_FOUND"}'));
    await expect(api.watch('r')).rejects.toThrow(/got 404.*RUN_NOT_FOUND/);
  });

  it('gives up waiting after the time allowed', async () => {
    const api = await clientOf((response) => stream(response).write(event(1)));
    await expect((await api.watch('r')).untilEvents(2, 50)).rejects.toThrow(/waited 50 ms/);
  });
});

describe('assertSequences', () => {
  const of = (...sequences: number[]) => sequences.map((sequence) => ({ sequence }));

  it('accepts each once and in order, and nothing else', () => {
    expect(() => assertSequences(of(1, 2, 3), 1, 3)).not.toThrow();
    for (const wrong of [of(1, 2), of(1, 2, 3, 4), of(1, 3, 2), of(1, 1, 2, 3), of(1, 3), of()]) {
      expect(() => assertSequences(wrong, 1, 3)).toThrow();
    }
  });
});

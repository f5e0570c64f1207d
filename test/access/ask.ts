import type { IncomingHttpHeaders } from 'node:http';
import { send } from '../conformance/http.js';

export interface Question {
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is. */
  body?: string | Buffer;
  /** Gives up after so many milliseconds. Default 10 000. */
  withinMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Empty for an event stream, which is cut as soon as it is there. */
  readonly text: string;
  /** Of a JSON body; undefined for any other. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

/** One request on a connection of its own, of whatever path, method and headers. */
export async function ask(
  url: string,
  method: string,
  path: string,
  question: Question = {},
): Promise<Answer> {
  const { headers = {}, json, withinMs = 120_000 } = question;
  const body = json === undefined ? question.body : JSON.stringify(json);
  const { request, response } = send({
    method,
    url: new URL(url + path),
    headers: {
      ...(json !== undefined && { 'content-type': 'application/json' }),
      // Node leaves it out with a DELETE, and the body would pass for the next request.
      ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
      ...headers,
    },
    signal: AbortSignal.timeout(withinMs),
  });
  request.end(body);
  const received = await response;
  const chunks: Buffer[] = [];
  if (received.headers['content-type']?.startsWith('text/event-stream')) received.destroy();
  else for await (const chunk of received) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const isJson = received.headers['content-type']?.startsWith('application/json') === true && text !== '';
  return {
    status: received.statusCode ?? 0,
    headers: received.headers,
    text,
    json: isJson ? (JSON.parse(text) as Record<string, unknown>) : undefined,
  };
}

import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';

/** What came of a request. */
export interface Asked {
  /** 0: there was no answer. */
  status: number;
  /** The answer; without one, an `error`. */
  body: Record<string, unknown>;
  retryAfterMs?: number;
  tookMs: number;
}

export interface AskOptions {
  method?: string;
  body?: string;
  contentType?: string;
  idempotencyKey?: string;
  /** The answer is no JSON: it comes as `text`. */
  isText?: boolean;
  /** As a client has it that does not wait for ever. Default 15 000. */
  timeoutMs?: number;
}

/** Kept alive, so that a broken connection is met as producers meet it. */
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

/** One request, never repeated. It does not throw. */
export async function ask(url: string, options: AskOptions = {}): Promise<Asked> {
  const {
    method = 'GET',
    body,
    contentType = 'application/json',
    idempotencyKey,
    isText = false,
    timeoutMs = 15_000,
  } = options;
  const startedAt = performance.now();
  const tookMs = (): number => performance.now() - startedAt;
  return new Promise((resolve) => {
    const failed = (error: Error): void => {
      resolve({ status: 0, body: { error: error.message }, tookMs: tookMs() });
    };
    const outgoing = request(url, {
      method,
      agent,
      headers: {
        ...(body !== undefined && { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }),
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      },
    });
    const limit = setTimeout(() => outgoing.destroy(new Error('no answer in time')), timeoutMs);
    outgoing.once('close', () => {
      clearTimeout(limit);
    });
    outgoing.on('error', failed);
    outgoing.on('response', (response) => {
      text(response)
        .then((answer) => {
          const after = response.headers['retry-after'];
          resolve({
            status: response.statusCode ?? 0,
            body: isText ? { text: answer } : (JSON.parse(answer || '{}') as Record<string, unknown>),
            ...(after !== undefined && { retryAfterMs: Number(after) * 1000 }),
            tookMs: tookMs(),
          });
        })
        .catch(failed);
    });
    outgoing.end(body);
  });
}

/** Closes connections that are kept for later requests. */
export function closeIdle(): void {
  agent.destroy();
}

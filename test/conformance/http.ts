import * as http from 'node:http';
import * as https from 'node:https';

export interface Outgoing {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | undefined;
  readonly signal: AbortSignal;
  /** Gives up on a response of this content type with status 200, since it would not end. */
  readonly refuse?: (contentType: string) => boolean;
}

export class Reply {
  constructor(
    /** Which request this answers, for messages. */
    readonly request: string,
    readonly status: number,
    readonly headers: http.IncomingHttpHeaders,
    readonly body: Buffer,
  ) {}

  get text(): string {
    return this.body.toString('utf8');
  }

  /** The body as JSON. The type is the caller's expectation; the checks verify what they rely on. */
  json<T>(): T {
    try {
      return JSON.parse(this.text) as T;
    } catch {
      throw new Error(`${this.request}: answer ${this.status} is not JSON: ${this.text.slice(0, 200)}`);
    }
  }
}

export interface OpenRequest {
  readonly request: http.ClientRequest;
  readonly response: Promise<http.IncomingMessage>;
}

/** Starts a request, on a connection of its own so that checks can't disturb each other. */
export function send({ method, url, headers, signal }: Outgoing): OpenRequest {
  const { request: start } = url.protocol === 'https:' ? https : http;
  const request = start(url, { method, headers: { ...headers }, agent: false, signal });
  const response = new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    // Stays for good: a server may answer and close while the body is still being sent.
    request.on('error', reject);
    request.once('close', () =>
      reject(new Error(`${method} ${url.pathname}: connection closed without an answer`)),
    );
  });
  // Whoever cuts its own request need not look at the answer.
  response.catch(() => undefined);
  return { request, response };
}

/** Sends a request and reads the whole answer. */
export async function exchange(outgoing: Outgoing): Promise<Reply> {
  const { request, response } = send(outgoing);
  request.end(outgoing.body);
  return readReply(outgoing, await response);
}

export async function readReply(outgoing: Outgoing, response: http.IncomingMessage): Promise<Reply> {
  const what = `${outgoing.method} ${outgoing.url.pathname}${outgoing.url.search}`;
  const status = response.statusCode ?? 0;
  if (status === 200 && outgoing.refuse?.(response.headers['content-type'] ?? '')) {
    response.destroy();
    throw new Error(`${what}: expected an error or 204, got 200 and an event stream`);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return new Reply(what, status, response.headers, Buffer.concat(chunks));
}

import { Answer } from './answer.js';
import { Attempt } from './attempt.js';

const HEARTBEAT_MS = 15_000;
const RETRY_MS = 500;

export type HeaderValues = Readonly<Record<string, string>>;

/** Where a service is, and how to talk to it. */
export interface ClientOptions {
  /** Of the service, with its prefix if it has one. In a page it may be relative to it, such as `.`. */
  baseUrl: string;
  /**
   * Sent with each request: `Authorization`, or the header of the tenant. A function is called for the first request,
   * and again after a 401; when its headers are refused too, that is the answer. What it throws ends the request.
   */
  headers?: HeaderValues | (() => HeaderValues | Promise<HeaderValues>);
  /** Default: the global one. */
  fetch?: typeof globalThis.fetch;
  /** The service's `SSE_HEARTBEAT_MS`. A line on which nothing comes for three of them is dead. Default: 15 000 ms. */
  heartbeatMs?: number;
  /**
   * How long to wait after a failure before the next try of what is tried again; twice as long after each further one,
   * up to 30 s, and up to half as long again by chance. A stream may say another one. Default: 500 ms.
   */
  retryMs?: number;
}

export type QueryValues = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface HttpRequest {
  query?: QueryValues | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as NDJSON, instead of a body. */
  lines?: string;
  headers?: Readonly<Record<string, string | undefined>>;
  signal?: AbortSignal | undefined;
  /** How much longer than three heartbeats it may take until something comes. Default: 0 ms. */
  patienceMs?: number;
}

/** Requests to one service: its address, its credentials, its errors. */
export class Http {
  private readonly baseUrl: string;
  private headers: Promise<HeaderValues> | undefined;

  constructor(private readonly options: ClientOptions) {
    this.baseUrl = options.baseUrl.replace(/\/+$/, '');
  }

  get retryMs(): number {
    return this.options.retryMs ?? RETRY_MS;
  }

  /** @throws RunstreamClientError */
  async json(method: string, path: string, request: HttpRequest = {}): Promise<unknown> {
    return (await (await this.open(method, path, request)).json()).value;
  }

  /**
   * An answer with a status of success, whose body is still to be read or closed.
   *
   * @throws RunstreamClientError
   */
  async open(method: string, path: string, request: HttpRequest = {}): Promise<Answer> {
    const used = this.currentHeaders();
    let answer = await this.send(method, path, request, await used);
    if (answer.status === 401 && typeof this.options.headers === 'function') {
      answer.close();
      // Another request may have asked for new ones already.
      if (this.headers === used) this.headers = undefined;
      answer = await this.send(method, path, request, await this.currentHeaders());
    }
    if (answer.status >= 400) throw await answer.error();
    return answer;
  }

  private async send(
    method: string,
    path: string,
    { query = {}, body, lines, headers, signal, patienceMs = 0 }: HttpRequest,
    ownHeaders: HeaderValues,
  ): Promise<Answer> {
    const { fetch = globalThis.fetch, heartbeatMs = HEARTBEAT_MS } = this.options;
    const attempt = new Attempt(3 * heartbeatMs + patienceMs, signal);
    const type = lines === undefined ? 'application/json' : 'application/x-ndjson';
    const content = lines ?? (body === undefined ? undefined : JSON.stringify(body));
    try {
      const response = await attempt.heard(
        fetch(`${this.baseUrl}${path}${queryString(query)}`, {
          method,
          headers: given({
            'content-type': content === undefined ? undefined : type,
            ...ownHeaders,
            ...headers,
          }),
          body: content ?? null,
          signal: attempt.signal,
        }),
      );
      return new Answer(response, attempt);
    } catch (error) {
      attempt.close();
      throw error;
    }
  }

  private currentHeaders(): Promise<HeaderValues> {
    if (this.headers) return this.headers;
    const { headers = {} } = this.options;
    const asked = Promise.resolve(typeof headers === 'function' ? headers() : headers);
    this.headers = asked;
    // What failed is asked for again.
    asked.catch(() => {
      if (this.headers === asked) this.headers = undefined;
    });
    return asked;
  }
}

/** With its question mark; empty without a value. */
function queryString(query: QueryValues): string {
  const values = new URLSearchParams(given(query)).toString();
  return values === '' ? '' : `?${values}`;
}

/** Without what has no value. */
function given(values: QueryValues): Record<string, string> {
  const entries = Object.entries(values).filter(([, value]) => value != null);
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

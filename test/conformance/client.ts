import assert from 'node:assert/strict';
import { exchange, send, type Outgoing, type Reply } from './http.js';
import type { EventInput, ErrorBody, HistoryPage, Run, RecordedEvent, AppendReply } from './model.js';
import type { MadeRuns } from './made-runs.js';
import { Watcher } from './watcher.js';

export interface Target {
  /** Where the server answers: `http://127.0.0.1:3000`, with a path prefix if it has one. */
  readonly url: string;
  /** Sent with every request, for a tenant or credentials. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Query parameters; undefined ones are left out. */
export type Query = Record<string, string | number | boolean | undefined>;

export interface RequestOptions {
  headers?: Record<string, string>;
  query?: Query | undefined;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is. */
  body?: string | Buffer;
  /** The body's type. Default: application/json when there is a body. */
  contentType?: string;
}

export interface WatchOptions {
  query?: Query | undefined;
  /** Sent as the `Last-Event-ID` header. */
  lastEventId?: string | undefined;
  headers?: Record<string, string>;
}

/** One check's view of the server. */
export class Client {
  /** What is being waited for, for the message of a check that takes too long. */
  activity = 'nothing requested yet';

  constructor(
    private readonly target: Target,
    private readonly signal: AbortSignal,
    /** Keeps what this one makes, for whoever deletes it. */
    private readonly made?: MadeRuns,
  ) {}

  outgoing(method: string, path: string, options: RequestOptions = {}): Outgoing {
    const url = new URL(this.target.url.replace(/\/+$/, '') + path);
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.append(name, String(value));
    }
    const body = options.json === undefined ? options.body : JSON.stringify(options.json);
    const headers: Record<string, string> = { ...this.target.headers };
    if (body !== undefined) headers['content-type'] = options.contentType ?? 'application/json';
    Object.assign(headers, options.headers);
    return { method, url, headers, body, signal: this.signal };
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<Reply> {
    this.activity = `${method} ${path}`;
    const outgoing = this.outgoing(method, path, options);
    return this.made && method === 'POST' && path === '/runs'
      ? this.made.create(outgoing)
      : exchange(outgoing);
  }

  get(path: string, query: Query = {}): Promise<Reply> {
    return this.request('GET', path, { query });
  }

  /** A new run of a producer outside: its event 1 is `lifecycle.started`. */
  async createRun(fields: Record<string, unknown> = {}): Promise<Run> {
    const reply = await this.request('POST', '/runs', { json: { task: 'conformance', ...fields } });
    return expectStatus(reply, 201).json<Run>();
  }

  async run(runId: string, query: Query = {}): Promise<Run> {
    return expectStatus(await this.get(`/runs/${runId}`, query), 200).json<Run>();
  }

  post(runId: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    return this.request('POST', `/runs/${runId}/events`, { json: body, headers });
  }

  /** Appends as JSON, expecting 201. */
  async append(
    runId: string,
    events: EventInput | EventInput[],
    headers: Record<string, string> = {},
  ): Promise<AppendReply> {
    return expectStatus(await this.post(runId, events, headers), 201).json<AppendReply>();
  }

  /** Sends text as NDJSON. */
  postLines(runId: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Reply> {
    return this.request('POST', `/runs/${runId}/events`, {
      body,
      contentType: 'application/x-ndjson',
      headers,
    });
  }

  /** Appends as NDJSON, expecting 200. */
  async appendLines(
    runId: string,
    events: EventInput[],
    headers: Record<string, string> = {},
  ): Promise<AppendReply> {
    return expectStatus(await this.postLines(runId, lines(events), headers), 200).json<AppendReply>();
  }

  /** At the route that takes lines alone. */
  postToLines(runId: string, body: string, contentType = 'application/x-ndjson'): Promise<Reply> {
    return this.request('POST', `/runs/${runId}/events/ndjson`, { body, contentType });
  }

  /** An NDJSON request that stays open: the caller writes to it, ends it or cuts it. */
  openUpload(runId: string, headers: Record<string, string> = {}): ReturnType<typeof send> {
    this.activity = `POST /runs/${runId}/events (open upload)`;
    const outgoing = this.outgoing('POST', `/runs/${runId}/events`, {
      headers: { 'content-type': 'application/x-ndjson', ...headers },
    });
    return send(outgoing);
  }

  async page(runId: string, query: Query = {}): Promise<HistoryPage> {
    return expectStatus(await this.get(`/runs/${runId}/events`, query), 200).json<HistoryPage>();
  }

  /** The run's whole log, oldest first. */
  async history(runId: string): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    let startId = '-';
    for (;;) {
      const page = await this.page(runId, { start_id: startId, limit: 10_000 });
      events.push(...page.events);
      if (page.next_id === null) return events;
      assert.notEqual(page.next_id, startId, 'paging must move on');
      startId = page.next_id;
    }
  }

  /** The stored form of the one event that was appended with this answer. */
  async stored(runId: string, answer: AppendReply): Promise<RecordedEvent> {
    const page = await this.page(runId, { start_id: answer.last_id, end_id: answer.last_id });
    const event = page.events[0];
    assert.ok(event, `event ${answer.last_id} was acknowledged but is not in the history`);
    return event;
  }

  /** Opens the live stream, expecting 200 and an event stream. */
  async watch(runId: string, options: WatchOptions = {}): Promise<Watcher> {
    this.activity = `GET /runs/${runId}/events/stream`;
    return Watcher.open(this.streamRequest(runId, options), (what) => {
      this.activity = what;
    });
  }

  /** Opens the live stream of all runs. */
  async watchAll(options: WatchOptions = {}): Promise<Watcher> {
    this.activity = 'GET /events/stream';
    return Watcher.open(this.streamRequestTo('/events/stream', options), (what) => {
      this.activity = what;
    });
  }

  /** The answer of the live stream where no stream is expected: an error or 204. */
  async streamReply(runId: string, options: WatchOptions = {}): Promise<Reply> {
    this.activity = `GET /runs/${runId}/events/stream`;
    const outgoing = this.streamRequest(runId, options);
    return exchange({ ...outgoing, refuse: (type) => type.startsWith('text/event-stream') });
  }

  private streamRequest(runId: string, options: WatchOptions): Outgoing {
    return this.streamRequestTo(`/runs/${runId}/events/stream`, options);
  }

  private streamRequestTo(path: string, { query, lastEventId, headers }: WatchOptions): Outgoing {
    return this.outgoing('GET', path, {
      query,
      headers: {
        accept: 'text/event-stream',
        ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
        ...headers,
      },
    });
  }
}

export function lines(events: readonly unknown[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}

export function expectStatus(reply: Reply, status: number): Reply {
  assert.equal(
    reply.status,
    status,
    `${reply.request}: expected ${status}, got ${reply.status} ${reply.text.slice(0, 300)}`,
  );
  return reply;
}

/** Expects an error in the one body that all errors have; returns it. */
export function expectError(reply: Reply, status: number, ...codes: string[]): ErrorBody {
  expectStatus(reply, status);
  const type = String(reply.headers['content-type']);
  assert.match(
    type,
    /^application\/json\b/,
    `${reply.request}: an error's content type is JSON, got ${type}`,
  );
  const body = reply.json<ErrorBody>();
  const shown = `${reply.request}: ${reply.text.slice(0, 300)}`;
  assert.ok(codes.includes(body.code), `expected code ${codes.join(' or ')}, got ${shown}`);
  assert.ok(typeof body.message === 'string' && body.message.length > 0, `message is missing: ${shown}`);
  assert.ok(
    typeof body.request_id === 'string' && body.request_id.length > 0,
    `request_id is missing: ${shown}`,
  );
  assert.equal(
    body.request_id,
    reply.headers['x-request-id'],
    'request_id is the X-Request-Id of the response',
  );
  const known = new Set(['code', 'message', 'details', 'more', 'request_id']);
  assert.deepEqual(
    Object.keys(body).filter((key) => !known.has(key)),
    [],
    `an error has no other properties: ${shown}`,
  );
  return body;
}

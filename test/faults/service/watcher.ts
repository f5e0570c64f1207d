import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type SseFrame, SseParser } from '../../conformance/sse-parser.js';
import type { Seen, WatcherHistory } from './service-history.js';

export interface WatcherOptions {
  name: string;
  runId: string;
  /** Where each connection goes. */
  url: () => string;
  /** `event-source`: as a browser's. `reader`: a program that keeps its cursor itself and survives error statuses. */
  kind: 'event-source' | 'reader';
  /** The filter that it asks for. */
  type?: string;
}

/** As browsers have it, until the stream names another. */
const DEFAULT_RETRY_MS = 3000;
const READER_RETRY_MS = 500;

/** Follows a run over SSE until the server says that it is over, and notes what it was told. */
export class Watcher implements WatcherHistory {
  readonly name: string;
  readonly runId: string;
  readonly type?: string;
  readonly seen: Seen[] = [];
  /** The last cursor it was given. */
  cursor = '';
  /** Whether a response is open. */
  isConnected = false;
  /** When it came back, in ms since the epoch. */
  readonly returnedAt: number[] = [];
  /** When events came, in ms since the epoch. */
  readonly framesAt: number[] = [];
  private retryMs = DEFAULT_RETRY_MS;
  private outgoing: ClientRequest | undefined;
  private readonly closing = new AbortController();

  constructor(private readonly options: WatcherOptions) {
    this.name = options.name;
    this.runId = options.runId;
    if (options.type !== undefined) this.type = options.type;
  }

  /** Whether it comes back no more. */
  get isOver(): boolean {
    const last = this.seen.at(-1)?.kind;
    return last === 'close' || last === 'over' || last === 'refused';
  }

  /** Resolves when it is over, or was closed. */
  async watch(): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      await this.connectOnce();
      if (this.isOver || signal.aborted) return;
      const waitMs = this.options.kind === 'reader' ? READER_RETRY_MS : this.retryMs;
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
      this.returnedAt.push(Date.now());
    }
  }

  close(): void {
    this.closing.abort();
    this.outgoing?.destroy();
  }

  private connectOnce(): Promise<void> {
    const { runId, url, kind, type } = this.options;
    const query = new URLSearchParams();
    if (type !== undefined) query.set('type', type);
    if (kind === 'reader' && this.cursor !== '') query.set('last_event_id', this.cursor);
    const returns = kind === 'event-source' && this.cursor !== '';
    return new Promise((resolve) => {
      const outgoing = request(`${url()}/runs/${runId}/events/stream?${query.toString()}`, {
        agent: false,
        headers: { accept: 'text/event-stream', ...(returns && { 'last-event-id': this.cursor }) },
      });
      this.outgoing = outgoing;
      outgoing.on('response', (response) => {
        this.respond(response, returns);
      });
      outgoing.on('error', () => undefined); // `close` follows
      outgoing.once('close', () => {
        this.isConnected = false;
        resolve();
      });
      outgoing.end();
    });
  }

  private respond(response: IncomingMessage, returns: boolean): void {
    const { statusCode: status = 0 } = response;
    response.on('error', () => undefined);
    if (status === 200) {
      this.isConnected = true;
      this.seen.push({ kind: 'connected' });
      const parser = new SseParser((item) => {
        if (item.kind === 'comment') return;
        if (item.retryMs !== null) this.retryMs = item.retryMs;
        if (item.kind === 'frame') this.take(item);
      });
      response.on('data', (chunk: Buffer) => {
        parser.push(chunk);
      });
      return;
    }
    response.resume();
    if (status === 204) this.seen.push({ kind: 'over' });
    // Who has not begun yet is a page that is loaded again. A reader tries again, unless the run is gone.
    else if (returns || status === 404 || status === 410) this.seen.push({ kind: 'refused', status });
  }

  private take({ event, data, lastEventId }: SseFrame): void {
    this.cursor = lastEventId;
    const content = JSON.parse(data) as Record<string, unknown>;
    switch (event) {
      case 'cursor':
        this.seen.push({ kind: 'cursor', id: lastEventId });
        break;
      case 'gap':
        this.seen.push({
          kind: 'gap',
          reason: String(content['reason']),
          missed: content['missed'] as number | null,
        });
        break;
      case 'provisional': {
        const looksDurable =
          content['durable'] !== false || content['id'] != null || content['sequence'] != null;
        this.seen.push({ kind: 'provisional', key: String(content['idempotency_key']), looksDurable });
        break;
      }
      case 'close':
        this.seen.push({ kind: 'close', reason: String(content['reason']) });
        break;
      default: {
        const [dataId, key] = [String(content['id']), String(content['idempotency_key'])];
        this.framesAt.push(Date.now());
        this.seen.push({ kind: 'event', id: lastEventId, dataId, key });
      }
    }
  }
}

import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { Answer } from '../http/answer.js';
import { isPassing, RunstreamClientError } from '../errors.js';
import type { Http, QueryValues } from '../http/http.js';
import type { EndItem, FollowItem } from './items.js';
import { readPages } from './pages.js';
import { numberOf } from './position.js';
import { Retry, sleep } from '../http/retry.js';
import type { EndStatus, Gap, ProvisionalEvent, RunEvent } from '../types.js';

/** An event has 1 MiB of data and 1 MiB of metadata at most. */
const MAX_FRAME_CHARS = 2 ** 22;

/** Where to begin, and when to stop. */
export interface PositionOptions {
  /** The cursor of the last item that you have: it goes on after it. */
  after?: string | undefined;
  /** Without `after`: the whole log, or only what comes from now on. Default: `start`. */
  from?: 'start' | 'tail';
  /** Only these types, such as `['llm.*', 'lifecycle.completed']`. Default: all. */
  types?: readonly string[];
  /** Ends it: the loop throws what the signal says. */
  signal?: AbortSignal;
}

export interface FollowOptions extends PositionOptions {
  /**
   * How the past is read: over the stream, or in pages, which is twice as fast with a log of many events. With `types`
   * it is always the stream, since pages of a part can not show what is missing. Default: `stream`.
   */
  catchUp?: 'pages' | 'stream';
}

/** What is followed. */
export interface Log {
  /** Of its history; the stream is below it. */
  path: string;
  query?: QueryValues;
  /** A run's log has no holes, the journal of a tenant may. */
  hasHoles: boolean;
}

/** What became of one connection. */
type Outcome = 'ended' | 'cut' | 'paging';

/**
 * A log from a position on: each event once and in order, over any number of connections.
 *
 * It reads only when an item is asked for, and holds a piece of what the socket gave, at most one frame and, while it
 * reads pages, one page of about 1 MiB. Leaving the loop closes the connection; another loop goes on at the cursor.
 *
 * It throws `RunstreamClientError` when it is refused (`RUN_NOT_FOUND`, `RUN_EXPIRED`, …), and `EVENTS_MISSING` when
 * the log has a hole. Outages, overload and lines that are cut or dead end nothing: it comes back, and says so in items.
 */
export class Follow implements AsyncIterable<FollowItem> {
  private position: string | undefined;
  /** Whether the position is that of an event, and not only a place between two. */
  private isEvent: boolean;
  private isPaging: boolean;
  private endStatus: EndStatus | undefined;
  private readonly retry: Retry;

  constructor(
    private readonly http: Http,
    private readonly log: Log,
    private readonly options: FollowOptions,
  ) {
    this.retry = new Retry(http.retryMs);
    this.position = options.after;
    this.isEvent = options.after !== undefined;
    this.isPaging = options.catchUp === 'pages' && this.showsAll && options.from !== 'tail';
  }

  /** Of the last item that was given out: `after` for whoever goes on. Undefined before there is one. */
  get cursor(): string | undefined {
    return this.position;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FollowItem, void, undefined> {
    const { signal } = this.options;
    for (;;) {
      let cause: RunstreamClientError | undefined;
      try {
        const outcome = yield* this.connect();
        if (outcome === 'ended') return;
        if (outcome === 'paging') continue;
      } catch (error) {
        signal?.throwIfAborted();
        if (!isPassing(error)) throw error;
        cause = error;
      }
      const delayMs = this.retry.next(cause);
      yield { kind: 'state', state: 'waiting', delayMs, cause };
      await sleep(delayMs, signal);
    }
  }

  private async *connect(): AsyncGenerator<FollowItem, Outcome, undefined> {
    const { signal } = this.options;
    if (this.isPaging) {
      yield { kind: 'state', state: 'paging' };
      const { position: after, isEvent } = this;
      for await (const event of readPages(this.http, this.log.path, { after, isEvent, signal })) {
        if (event === 'hole') return yield* this.stream();
        this.retry.succeeded();
        this.passed(event, event.id);
        yield { kind: 'event', event };
      }
      this.isPaging = false;
    }
    return yield* this.stream();
  }

  /** Pages tell nothing of what is missing, the stream does: while pages are to be read it is asked for that alone. */
  private async *stream(): AsyncGenerator<FollowItem, Outcome, undefined> {
    const { from, types, signal } = this.options;
    const answer = await this.http.open('GET', `${this.log.path}/stream`, {
      query: { ...this.log.query, type: types?.join(','), from },
      headers: { accept: 'text/event-stream', 'last-event-id': this.position },
      signal,
    });
    if (answer.status === 204) {
      answer.close();
      yield this.end('ended');
      return 'ended';
    }
    try {
      if (!answer.is('text/event-stream')) {
        if (await answer.isCut()) return 'cut';
        throw answer.unexpected('is no event stream');
      }
      if (!this.isPaging) yield { kind: 'state', state: 'streaming' };
      for await (const frame of this.frames(answer)) {
        this.retry.succeeded();
        const wasPaging = this.isPaging;
        const item = this.take(frame);
        if (wasPaging && !this.isPaging) yield { kind: 'state', state: 'streaming' };
        if (item) yield item;
        if (item?.kind === 'end') return 'ended';
        if (item?.kind === 'gap' && this.isPaging) return 'paging';
      }
    } finally {
      answer.close();
    }
    return 'cut';
  }

  private async *frames(answer: Answer): AsyncGenerator<EventSourceMessage, void, undefined> {
    const frames: EventSourceMessage[] = [];
    const parser = createParser({
      onEvent: (frame) => frames.push(frame),
      onRetry: (ms) => (this.retry.stepMs = Math.max(ms, 1)),
      onError: ({ type }) => {
        if (type === 'max-buffer-size-exceeded') throw answer.unexpected('has a frame that does not end');
      },
      maxBufferSize: MAX_FRAME_CHARS,
    });
    for await (const text of answer.text()) {
      parser.feed(text);
      yield* frames.splice(0);
    }
  }

  /** @returns what the frame is to the reader; undefined when it only moves the cursor, or was there before */
  private take({ event: name = '', id = '', data }: EventSourceMessage): FollowItem | undefined {
    const content: unknown = JSON.parse(data);
    // Types have a dot, what else a frame may be called has none.
    if (name.includes('.')) {
      this.isPaging = false; // nothing was missing: the stream goes on
      if (!this.isNext(id)) return undefined;
      const event = content as RunEvent;
      this.passed(event, id);
      return { kind: 'event', event };
    }
    this.position = id;
    if (name === 'gap') {
      this.isEvent = false;
      return { kind: 'gap', gap: content as Gap };
    }
    if (name === 'provisional') return { kind: 'provisional', event: content as ProvisionalEvent };
    if (name !== 'close') return undefined; // `cursor`, or what a later service has to say
    const { reason, status } = content as { reason: EndItem['reason']; status?: EndStatus };
    this.endStatus = status;
    return this.end(reason);
  }

  /** @throws RunstreamClientError `EVENTS_MISSING` */
  private isNext(id: string): boolean {
    const known = this.position ?? (this.options.from === 'tail' ? undefined : '0-0');
    const [number, last] = [numberOf(id), numberOf(known)];
    if (number <= last) return false;
    if (this.showsAll && number > last + 1) {
      throw new RunstreamClientError({
        code: 'EVENTS_MISSING',
        message: `After ${known} came ${id}: events are missing in between, and no gap was told.`,
        details: { after_id: known, id },
      });
    }
    return true;
  }

  private get showsAll(): boolean {
    return !this.log.hasHoles && !this.options.types;
  }

  private passed({ event, source }: RunEvent, position: string): void {
    this.position = position;
    this.isEvent = true;
    const isEnd = !this.log.hasHoles && event.category === 'lifecycle' && source == null;
    if (isEnd && event.action !== 'started') this.endStatus = event.action as EndStatus;
  }

  private end(reason: EndItem['reason']): EndItem {
    return { kind: 'end', reason, status: this.endStatus };
  }
}

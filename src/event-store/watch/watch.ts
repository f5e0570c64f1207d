import type { Subscriber } from 'rxjs';
import { delay, RedisUnavailableError, RunNotFoundError } from '../../common/index.js';
import { type EventId, sameEventId, type TerminalStatus } from '../../events/index.js';
import type { Demand } from './demand.js';
import type { EncodedEvent } from '../log/encoded-event.js';
import type { LogSlice } from './feed/event-log.js';
import type { EventStoreMetrics } from '../event-store-metrics.js';
import type { LogFeed } from './feed/log-feed.js';
import type { ProvisionalEvent } from '../log/provisional-event.js';
import type { WatchSignal } from './watch-signal.js';

const RETRY_MS = 500;

/** Says whether a watcher is to see an event. */
export type EventFilter = (event: Pick<EncodedEvent, 'type' | 'runId'>) => boolean;

/**
 * One watcher of one log: a cursor with two states.
 *
 * - *Catching up*: it reads pages from the log, each when its reader takes more. Once its cursor is the feed's
 *   head it is live; no message can come between that comparison and the joining, since both are in one turn.
 * - *Live*: events are pushed to it as the feed passes them on. When its reader takes no more it is catching up
 *   again.
 *
 * So it has no queue, and a slow reader costs neither memory nor its connection.
 */
export class Watch {
  private closed = false;
  /** Cuts short what a watcher that is catching up waits for. */
  private step: AbortController | undefined;
  /** Ends the following of one that is live. */
  private leave: (() => void) | undefined;

  constructor(
    private readonly feed: LogFeed,
    private cursor: EventId,
    private readonly filter: EventFilter | undefined,
    private readonly pageBytes: number,
    private readonly demand: Demand,
    private readonly out: Subscriber<WatchSignal>,
    private readonly metrics: EventStoreMetrics,
    private readonly caller: string,
    private readonly onLive?: (isLive: boolean) => void,
  ) {}

  close(): void {
    this.closed = true;
    this.step?.abort();
    this.leave?.();
  }

  heartbeat(): void {
    if (!this.demand.ready()) return;
    this.out.next({ kind: 'heartbeat', cursor: this.cursor, announce: this.filter !== undefined });
  }

  /** Ends with the log, with the watcher, or with an error that no waiting can heal. */
  async run(): Promise<void> {
    try {
      while (!this.out.closed && !this.closed) {
        if (!this.demand.ready()) await this.demand.drained(this.stepSignal);
        else if (!sameEventId(this.cursor, this.feed.head)) await this.catchUp(this.stepSignal);
        else if (this.feed.ended) this.end(this.feed.ended);
        else if (this.feed.isDeleted) this.deleted();
        else await this.follow();
      }
    } catch (error) {
      if (!this.closed) this.out.error(error);
    }
  }

  /** Made when there is something to be cut short: most watchers are live, and only wait. */
  private get stepSignal(): AbortSignal {
    this.step ??= new AbortController();
    return this.step.signal;
  }

  private async catchUp(signal: AbortSignal): Promise<void> {
    try {
      this.metrics.catchUpRead();
      const passedOn = await this.demand.room(this.pageBytes, signal);
      let slice: LogSlice;
      try {
        const reader = { lane: 'catch-up', caller: this.caller, signal } as const;
        slice = await this.feed.log.read({ after: this.cursor, maxBytes: this.pageBytes, reader });
        if (signal.aborted) return;
        if (!this.isContinued(slice)) return;
        this.pass(slice.events);
      } finally {
        passedOn();
      }
      if (slice.upTo) this.cursor = slice.upTo;
      // At the end of the log, but not at the feed's head: one of them has seen more than the other.
      if (slice.events.length === 0) await this.feed.reach(this.cursor);
    } catch (error) {
      if (error instanceof RunNotFoundError) this.gone();
      else if (error instanceof RedisUnavailableError) await delay(RETRY_MS, { signal });
      else throw error;
    }
  }

  /** Passes events on as they come, until the reader takes no more or the feed can't vouch for itself. */
  private follow(): Promise<void> {
    this.step = undefined;
    return new Promise((resolve) => {
      const following = this.feed.items.subscribe((item) => {
        if (item.kind === 'events') this.pass(item.events);
        if (item.kind === 'provisional') this.show(item.events);
        if (item.kind === 'deleted') this.deleted();
        if (item.kind === 'gone') this.gone();
        if (item.kind === 'reset' || this.out.closed || !this.demand.ready()) this.leave?.();
      });
      this.leave = () => {
        this.leave = undefined;
        following.unsubscribe();
        this.onLive?.(false);
        resolve();
      };
      this.onLive?.(true);
    });
  }

  private pass(events: readonly EncodedEvent[]): void {
    const last = events.at(-1);
    if (!last) return;
    this.cursor = last.position;
    const { filter } = this;
    const shown = filter ? events.filter(filter) : events;
    if (shown.length > 0) this.out.next({ kind: 'events', cursor: this.cursor, events: shown });
    if (last.ends) this.end(last.ends);
  }

  private show(events: readonly ProvisionalEvent[]): void {
    const { filter } = this;
    const shown = filter ? events.filter(filter) : events;
    if (shown.length > 0) this.out.next({ kind: 'provisional', cursor: this.cursor, events: shown });
  }

  /** Whether the slice goes on where the cursor stands; if not, the watcher is told. */
  private isContinued({ loss, first, floor }: LogSlice): boolean {
    if (loss.kind === 'none') return true;
    const atBeginning = this.cursor.sequence === 0 && this.cursor.ms === 0;
    const after = atBeginning ? undefined : this.cursor;
    this.cursor = floor;
    this.gap(loss.kind, after, first, loss.kind === 'trimmed' ? loss.missed : undefined);
    return loss.kind === 'trimmed';
  }

  private gap(
    reason: 'trimmed' | 'diverged',
    after: EventId | undefined,
    firstAvailable: EventId | undefined,
    missed: number | undefined,
  ): void {
    this.metrics.gap(reason);
    this.out.next({ kind: 'gap', cursor: this.cursor, reason, after, firstAvailable, missed });
  }

  private end(status: TerminalStatus): void {
    this.out.next({ kind: 'close', cursor: this.cursor, reason: 'ended', status });
    this.out.complete();
  }

  /** For the watcher it is the same as a deletion: what it watched is no more. Whoever operates the service may ask. */
  private gone(): void {
    this.metrics.gap('gone');
    this.deleted();
  }

  private deleted(): void {
    this.out.next({ kind: 'close', cursor: this.cursor, reason: 'deleted' });
    this.out.complete();
  }
}

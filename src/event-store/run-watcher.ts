import { Inject, Injectable } from '@nestjs/common';
import { interval, Observable, share } from 'rxjs';
import { type EventId, type EventTypeFilter, isTerminal, sameEventId } from '../events/index.js';
import { type Demand, UNLIMITED_DEMAND } from './demand.js';
import { EventStore } from './event-store.js';
import { EVENT_STORE_DEFAULTS, EVENT_STORE_OPTIONS, type EventStoreOptions } from './event-store-options.js';
import { LiveFeed } from './live-feed.js';
import { Watch } from './watch.js';
import type { WatchSignal } from './watch-signal.js';

/** Where a watcher begins: after an event, with the first one, or with what comes next. */
export type WatchStart = EventId | 'start' | 'tail';

export interface WatchOptions {
  /** As `locate()` gave it. */
  after: EventId;
  /** Only events whose type passes. Default: all. */
  filter?: EventTypeFilter;
  /** Tell the watcher its cursor at once, since no event may come that does. */
  announceCursor?: boolean;
  /** Default: takes everything at any time. */
  demand?: Demand;
}

/**
 * Watching runs: history, then live, without a gap, a duplicate or a change of order in between.
 *
 * @publicApi
 */
@Injectable()
export class RunWatcher {
  private readonly options: Required<EventStoreOptions>;
  /** One timer for all watchers. */
  private readonly heartbeats: Observable<number>;

  constructor(
    private readonly store: EventStore,
    private readonly feeds: LiveFeed,
    @Inject(EVENT_STORE_OPTIONS) options: EventStoreOptions,
  ) {
    this.options = { ...EVENT_STORE_DEFAULTS, ...options };
    this.heartbeats = interval(this.options.heartbeatMs).pipe(share());
  }

  /**
   * The cursor to watch from. `over` means that the watcher has everything: the run has ended, with the very
   * event it names.
   *
   * @throws RunNotFoundError, RunExpiredError, RedisUnavailableError
   */
  async locate(
    tenantId: string,
    runId: string,
    start: WatchStart,
  ): Promise<{ after: EventId; over: boolean }> {
    const { status, last } = await this.store.readRange(tenantId, runId, {
      from: '-',
      to: '+',
      order: 'desc',
      limit: 1,
      maxBytes: 0,
    });
    if (start === 'start') return { after: { ms: 0, sequence: 0 }, over: false };
    if (start === 'tail') return { after: last, over: false };
    return { after: start, over: isTerminal(status) && sameEventId(start, last) };
  }

  /**
   * Watches a run until it ends, is deleted, or nobody listens any more. During an outage of Redis it waits.
   */
  watch(tenantId: string, runId: string, options: WatchOptions): Observable<WatchSignal> {
    return new Observable((out) => {
      this.feeds.acquire(tenantId, runId).then(
        (feed) => {
          if (out.closed) {
            this.feeds.release(feed);
            return;
          }
          const watch = new Watch(
            this.store,
            feed,
            options.after,
            options.filter,
            this.options.watcherPageBytes,
            options.demand ?? UNLIMITED_DEMAND,
            out,
          );
          const heartbeats = this.heartbeats.subscribe(() => {
            watch.heartbeat();
          });
          out.add(() => {
            watch.close();
            heartbeats.unsubscribe();
            this.feeds.release(feed);
          });
          if (options.announceCursor) out.next({ kind: 'cursor', cursor: options.after });
          void watch.run();
        },
        (error: unknown) => {
          out.error(error);
        },
      );
    });
  }
}

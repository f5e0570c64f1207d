import { Inject, Injectable } from '@nestjs/common';
import { Observable, type Subscriber } from 'rxjs';
import { type LongTimeout, setLongInterval } from '../../common/index.js';
import type { EventId } from '../../events/index.js';
import { type Demand, UNLIMITED_DEMAND } from './demand.js';
import { EventStoreMetrics } from '../event-store-metrics.js';
import { EVENT_STORE_DEFAULTS, EVENT_STORE_OPTIONS, type EventStoreOptions } from '../event-store-options.js';
import { LiveFeed } from './feed/live-feed.js';
import type { LogFeed } from './feed/log-feed.js';
import { type EventFilter, Watch } from './watch.js';
import type { WatchSignal } from './watch-signal.js';

export interface LogWatchOptions {
  /** The cursor to begin after. */
  after: EventId;
  /** Only events that pass. Default: all. */
  filter?: EventFilter;
  /** Tell the watcher its cursor at once, since no event may come that does. */
  announceCursor?: boolean;
  /** Default: takes everything at any time. */
  demand?: Demand;
  /** Told when the watcher has all there is, and when it has not any more. */
  onLive?: (isLive: boolean) => void;
  /** Whom its reading is counted for: a credential or an address. Default: nobody in particular. */
  caller?: string;
}

/** Watching a log: history, then live, without a gap, a duplicate or a change of order in between. */
@Injectable()
export class LogWatcher {
  private readonly pageBytes: number;
  private readonly heartbeatMs: number;
  private readonly watches = new Set<Watch>();
  /** One for all watchers. */
  private heartbeats: LongTimeout | undefined;

  constructor(
    private readonly feeds: LiveFeed,
    @Inject(EVENT_STORE_OPTIONS) options: EventStoreOptions,
    private readonly metrics: EventStoreMetrics,
  ) {
    const { heartbeatMs, watcherPageBytes } = { ...EVENT_STORE_DEFAULTS, ...options };
    this.pageBytes = watcherPageBytes;
    this.heartbeatMs = heartbeatMs;
  }

  /**
   * Watches until the log ends or is gone, or nobody listens any more. During an outage of Redis it waits.
   *
   * @param create makes the feed of the channel, as LiveFeed.acquire() takes it
   */
  watch(
    channel: string,
    create: (onMended: () => void) => LogFeed,
    options: LogWatchOptions,
  ): Observable<WatchSignal> {
    return new Observable((out) => {
      this.feeds.acquire(channel, create).then(
        (feed) => {
          if (out.closed) this.feeds.release(feed);
          else this.begin(feed, options, out);
        },
        (error: unknown) => {
          out.error(error);
        },
      );
    });
  }

  /** What is made here stays for as long as somebody watches, so it holds nothing that is not needed. */
  private begin(feed: LogFeed, options: LogWatchOptions, out: Subscriber<WatchSignal>): void {
    const { after, filter, demand = UNLIMITED_DEMAND, caller = '', onLive } = options;
    const watch = new Watch(feed, after, filter, this.pageBytes, demand, out, this.metrics, caller, onLive);
    this.add(watch);
    out.add(() => {
      watch.close();
      this.remove(watch);
      this.feeds.release(feed);
    });
    if (options.announceCursor) out.next({ kind: 'cursor', cursor: after });
    void watch.run();
  }

  private add(watch: Watch): void {
    this.watches.add(watch);
    this.heartbeats ??= setLongInterval(() => {
      for (const one of this.watches) one.heartbeat();
    }, this.heartbeatMs);
  }

  private remove(watch: Watch): void {
    this.watches.delete(watch);
    if (this.watches.size > 0) return;
    this.heartbeats?.cancel();
    this.heartbeats = undefined;
  }
}

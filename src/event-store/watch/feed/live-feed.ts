import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { delay, type LongTimeout, RedisUnavailableError, setLongInterval } from '../../../common/index.js';
import { redisCall, RedisConnections } from '../../../redis/index.js';
import { EventStoreMetrics } from '../../event-store-metrics.js';
import {
  EVENT_STORE_DEFAULTS,
  EVENT_STORE_OPTIONS,
  type EventStoreOptions,
} from '../../event-store-options.js';
import type { LogFeed } from './log-feed.js';
import type { ProvisionalEvent } from '../../log/provisional-event.js';

const RETRY_MS = 200;

interface OpenFeed {
  feed: LogFeed;
  watchers: number;
  opening: Promise<void>;
}

/**
 * The feeds of the logs that are watched on this instance: one sharded pub/sub subscription for each, however
 * many watch it.
 */
@Injectable()
export class LiveFeed implements OnModuleInit, OnApplicationShutdown {
  private readonly open = new Map<string, OpenFeed>();
  private readonly checkMs: number;
  private readonly stop = new AbortController();
  private timer: LongTimeout | undefined;
  private stopListening = (): void => undefined;
  private repairCount = 0;

  constructor(
    private readonly redis: RedisConnections,
    @Inject(EVENT_STORE_OPTIONS) options: EventStoreOptions,
    metrics: EventStoreMetrics,
  ) {
    metrics.feeds = () => this.statistics;
    this.checkMs = options.heartbeatMs ?? EVENT_STORE_DEFAULTS.heartbeatMs;
  }

  onModuleInit(): void {
    // A feed that could not read the log has waited for this.
    this.stopListening = this.redis.whenReady(this.checkAll);
    this.timer = setLongInterval(this.checkAll, this.checkMs);
  }

  onApplicationShutdown(): void {
    this.stop.abort(new RedisUnavailableError());
    this.timer?.cancel();
    this.stopListening();
  }

  /** Logs watched here, and how often a feed had to be mended from the log. */
  get statistics(): { feeds: number; watchers: number; repairs: number } {
    let watchers = 0;
    for (const open of this.open.values()) watchers += open.watchers;
    return { feeds: this.open.size, watchers, repairs: this.repairCount };
  }

  /**
   * The feed of a channel, ready to be followed; to be given back with `release()`. It is made by `create` unless it
   * is open already; what that is given is called when the feed had to be mended from its log.
   *
   * It waits while Redis is away.
   *
   * @throws RunNotFoundError; RedisUnavailableError when Redis refuses the subscription
   */
  async acquire(channel: string, create: (onMended: () => void) => LogFeed): Promise<LogFeed> {
    let open = this.open.get(channel);
    if (!open) {
      const feed = create(() => this.repairCount++);
      const opened: OpenFeed = { feed, watchers: 0, opening: this.begin(channel, feed) };
      open = opened;
      this.open.set(channel, opened);
    }
    open.watchers++;
    try {
      await open.opening;
    } catch (error) {
      this.leave(channel, open);
      throw error;
    }
    return open.feed;
  }

  release(feed: LogFeed): void {
    const { channel } = feed.log;
    const open = this.open.get(channel);
    if (open?.feed === feed) this.leave(channel, open);
  }

  /** Shows a channel's watchers on this instance events that can't be stored at the moment. */
  showProvisional(channel: string, events: readonly ProvisionalEvent[]): void {
    this.open.get(channel)?.feed.showProvisional(events);
  }

  private leave(channel: string, open: OpenFeed): void {
    if (--open.watchers > 0 || this.open.get(channel) !== open) return;
    this.open.delete(channel);
    this.redis.channels.unsubscribe(channel);
  }

  /** Waits for Redis if need be. */
  private async begin(channel: string, feed: LogFeed): Promise<void> {
    const { signal } = this.stop;
    const subscribed = this.redis.channels.subscribe(channel, {
      receive: (message) => feed.receive(message),
      interrupted: () => feed.interrupt(),
      restored: () => void this.checkWhenOpen(channel),
    });
    await redisCall(subscribed);
    for (;;) {
      try {
        await feed.open();
        return;
      } catch (error) {
        if (!(error instanceof RedisUnavailableError) || signal.aborted) throw error;
        await delay(RETRY_MS, { signal });
      }
    }
  }

  private checkWhenOpen(channel: string): Promise<void> | undefined {
    const open = this.open.get(channel);
    return open?.opening.then(() => open.feed.check()).catch(() => undefined);
  }

  private readonly checkAll = (): void => {
    for (const channel of this.open.keys()) void this.checkWhenOpen(channel);
  };
}

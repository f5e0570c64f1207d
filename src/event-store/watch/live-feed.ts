import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { delay, type LongTimeout, RedisUnavailableError, setLongInterval } from '../../common/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { EventStoreMetrics } from '../event-store-metrics.js';
import { EVENT_STORE_DEFAULTS, EVENT_STORE_OPTIONS, type EventStoreOptions } from '../event-store-options.js';
import type { LogFeed } from './log-feed.js';
import type { ProvisionalEvent } from '../log/provisional-event.js';

const RETRY_MS = 200;

interface OpenFeed {
  feed: LogFeed;
  watchers: number;
  opening: Promise<void>;
  /** Settles the subscription that `opening` waits for; later calls do nothing. */
  subscribed: (outcome: Promise<unknown>) => void;
}

/**
 * The feeds of the logs that are watched on this instance: one sharded pub/sub subscription for each, however
 * many watch it, on one connection.
 */
@Injectable()
export class LiveFeed implements OnModuleInit, OnApplicationShutdown {
  private readonly open = new Map<string, OpenFeed>();
  private readonly checkMs: number;
  private readonly stop = new AbortController();
  private timer: LongTimeout | undefined;
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
    const { subscriber, commands } = this.redis;
    subscriber.on('smessage', this.onMessage);
    subscriber.on('ready', this.onReconnect);
    // A feed that could not read the log has waited for this.
    commands.on('ready', this.checkAll);
    this.timer = setLongInterval(this.checkAll, this.checkMs);
  }

  onApplicationShutdown(): void {
    this.stop.abort(new RedisUnavailableError());
    this.timer?.cancel();
    const { subscriber, commands } = this.redis;
    subscriber.off('smessage', this.onMessage);
    subscriber.off('ready', this.onReconnect);
    commands.off('ready', this.checkAll);
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
      let subscribed: OpenFeed['subscribed'] = () => undefined;
      const subscription = new Promise((resolve) => (subscribed = resolve));
      open = { feed, watchers: 0, opening: this.begin(feed, subscription), subscribed };
      this.open.set(channel, open);
      this.subscribe(channel, open).catch(() => undefined);
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
    // On one connection commands keep their order, so a subscription made right after this one holds. A failure
    // means that the connection is gone, and the subscription with it.
    this.redis.subscriber.sunsubscribe(channel).catch(() => undefined);
  }

  /** Waits for Redis if need be. */
  private async begin(feed: LogFeed, subscription: Promise<unknown>): Promise<void> {
    const { signal } = this.stop;
    await redisCall(subscription);
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

  private subscribe(channel: string, { subscribed }: OpenFeed): Promise<unknown> {
    const outcome = this.redis.subscriber.ssubscribe(channel);
    // Not subscribed(outcome): one that is lost with its connection never settles, and a later one then counts.
    outcome.then(
      () => {
        subscribed(outcome);
      },
      () => {
        subscribed(outcome);
      },
    );
    return outcome;
  }

  private readonly onMessage = (channel: string, message: string): void => {
    this.open.get(channel)?.feed.receive(message);
  };

  /**
   * Subscribes again, also what was on its way when the connection broke. Commands keep their order, so once the
   * last subscription is confirmed all are; what was missed until then is in the log.
   */
  private readonly onReconnect = (): void => {
    let last: Promise<unknown> | undefined;
    for (const [channel, open] of this.open) {
      open.feed.interrupt();
      last = this.subscribe(channel, open);
      last.catch(() => undefined);
    }
    last?.then(this.checkAll, () => undefined);
  };

  private readonly checkAll = (): void => {
    for (const { feed, opening } of this.open.values()) {
      opening.then(() => feed.check()).catch(() => undefined);
    }
  };
}

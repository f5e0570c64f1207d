import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { redisCall, RedisConnections } from '../redis/index.js';
import { EventStore } from './event-store.js';
import { EVENT_STORE_DEFAULTS, EVENT_STORE_OPTIONS, type EventStoreOptions } from './event-store-options.js';
import { RunFeed } from './run-feed.js';

interface OpenFeed {
  feed: RunFeed;
  watchers: number;
  opening: Promise<void>;
}

/**
 * The feeds of the runs that are watched on this instance: one sharded pub/sub subscription for each, however
 * many watch it, on one connection.
 */
@Injectable()
export class LiveFeed implements OnModuleInit, OnApplicationShutdown {
  private readonly open = new Map<string, OpenFeed>();
  private readonly checkMs: number;
  private timer: NodeJS.Timeout | undefined;
  private repairCount = 0;

  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    @Inject(EVENT_STORE_OPTIONS) options: EventStoreOptions,
  ) {
    this.checkMs = options.heartbeatMs ?? EVENT_STORE_DEFAULTS.heartbeatMs;
  }

  onModuleInit(): void {
    const { subscriber } = this.redis;
    subscriber.on('smessage', this.onMessage);
    subscriber.on('ready', this.onReconnect);
    this.timer = setInterval(this.checkAll, this.checkMs);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.redis.subscriber.off('smessage', this.onMessage);
    this.redis.subscriber.off('ready', this.onReconnect);
  }

  /** Runs watched here, and how often a feed had to be mended from the log. */
  get statistics(): { feeds: number; watchers: number; repairs: number } {
    let watchers = 0;
    for (const open of this.open.values()) watchers += open.watchers;
    return { feeds: this.open.size, watchers, repairs: this.repairCount };
  }

  /**
   * The feed of a run, ready to be followed; to be given back with `release()`.
   *
   * @throws RedisUnavailableError, RunNotFoundError
   */
  async acquire(tenantId: string, runId: string): Promise<RunFeed> {
    const channel = this.store.keys.run(tenantId, runId).live;
    let open = this.open.get(channel);
    if (!open) {
      const feed = new RunFeed(tenantId, runId, this.store, () => this.repairCount++);
      open = { feed, watchers: 0, opening: this.subscribe(channel, feed) };
      this.open.set(channel, open);
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

  release(feed: RunFeed): void {
    const channel = this.store.keys.run(feed.tenantId, feed.runId).live;
    const open = this.open.get(channel);
    if (open?.feed === feed) this.leave(channel, open);
  }

  private leave(channel: string, open: OpenFeed): void {
    if (--open.watchers > 0 || this.open.get(channel) !== open) return;
    this.open.delete(channel);
    // On one connection commands keep their order, so a subscription made right after this one holds. A failure
    // means that the connection is gone, and the subscription with it.
    this.redis.subscriber.sunsubscribe(channel).catch(() => undefined);
  }

  private async subscribe(channel: string, feed: RunFeed): Promise<void> {
    await redisCall(this.redis.subscriber.ssubscribe(channel));
    await feed.open();
  }

  private readonly onMessage = (channel: string, message: string): void => {
    this.open.get(channel)?.feed.receive(message);
  };

  /**
   * The connection is ready before its subscriptions are back. Commands keep their order, so once one more
   * subscription is confirmed all are; what was missed until then is in the log.
   */
  private readonly onReconnect = (): void => {
    const [channel] = this.open.keys();
    if (channel === undefined) return;
    this.redis.subscriber.ssubscribe(channel).then(this.checkAll, () => undefined);
  };

  private readonly checkAll = (): void => {
    for (const { feed, opening } of this.open.values()) {
      opening.then(() => feed.check()).catch(() => undefined);
    }
  };
}

import { Injectable } from '@nestjs/common';
import { groupSamplesKey } from '../../event-store/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import type { GroupOverview } from './group-overview.js';

/** Samples that are kept: an hour's, with one a minute. */
export const KEPT_SAMPLES = 60;
/** Less than a minute, since who writes them comes every ten seconds. */
const DUE_MS = 55_000;
/** Those of a group that nobody runs any more go, in milliseconds. */
const KEPT_MS = 2 * 3_600_000;

/** How a group stood in all tenants at one time. */
export interface GroupSample extends Pick<
  GroupOverview,
  'lag' | 'lagMs' | 'pending' | 'tenantsBehind' | 'isComplete'
> {
  /** In ms since 1970. */
  at: number;
  /** Per second, over the minute before. */
  handled: number;
  failed: number;
  dead: number;
  /** 0 without one. */
  oldestPendingMs: number;
}

/** The samples of groups, in Redis: the last hour of each. Every method throws RedisUnavailableError. */
@Injectable()
export class GroupSamples {
  constructor(private readonly redis: RedisConnections) {}

  async add(overview: GroupOverview, at: number): Promise<void> {
    const { group, lag, lagMs, pending, tenantsBehind, isComplete, oldestPendingMs = 0, rates } = overview;
    const numbers = { lag, lagMs, pending, oldestPendingMs, tenantsBehind, isComplete };
    const sample: GroupSample = { at, ...rates.lastMinute, ...numbers };
    const key = groupSamplesKey(group);
    await redisCall(
      Promise.all([
        this.redis.commands.lpush(key, JSON.stringify(sample)),
        this.redis.commands.ltrim(key, 0, KEPT_SAMPLES - 1),
        this.redis.commands.pexpire(key, KEPT_MS),
      ]),
    );
  }

  /** Whether the last one is a minute old, or nearly. */
  async isDue(group: string, at: number): Promise<boolean> {
    const text = await redisCall(this.redis.commands.lindex(groupSamplesKey(group), 0));
    return text === null || at - (JSON.parse(text) as GroupSample).at >= DUE_MS;
  }

  /** Oldest first. */
  async list(group: string): Promise<GroupSample[]> {
    const texts = await redisCall(this.redis.commands.lrange(groupSamplesKey(group), 0, KEPT_SAMPLES - 1));
    return texts.map((text) => JSON.parse(text) as GroupSample).reverse();
  }
}

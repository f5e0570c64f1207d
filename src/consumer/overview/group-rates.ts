import { Injectable } from '@nestjs/common';
import { groupCountsKey } from '../../event-store/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import type { GroupCounts } from '../members/group-counts.js';

const MINUTE_MS = 60_000;

/** What a group does per second, in all its processes together. */
export interface GroupRates {
  /** Over the last minute that is over and what there is of this one. */
  now: GroupCounts;
  /** Over the last minute that is over. */
  lastMinute: GroupCounts;
}

/** Reads what the processes of a group said that they did; each says it every ten seconds. */
@Injectable()
export class GroupRateReader {
  constructor(private readonly redis: RedisConnections) {}

  /** @throws RedisUnavailableError */
  async read(group: string): Promise<GroupRates> {
    const key = groupCountsKey(group);
    const [now, fields] = await Promise.all([
      this.redis.now(key),
      redisCall(this.redis.commands.hgetall(key)),
    ]);
    const minute = Math.floor(now / MINUTE_MS);
    const over = (minutes: readonly number[], ms: number): GroupCounts => {
      const rate = (what: keyof GroupCounts): number =>
        minutes.reduce((sum, one) => sum + Number(fields[`${one}:${what}`] ?? 0), 0) / (ms / 1000);
      return { handled: rate('handled'), failed: rate('failed'), dead: rate('dead') };
    };
    return {
      now: over([minute - 1, minute], MINUTE_MS + (now % MINUTE_MS)),
      lastMinute: over([minute - 1], MINUTE_MS),
    };
  }
}

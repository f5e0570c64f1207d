import { Injectable } from '@nestjs/common';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { WORK_KEYS } from '../work-keys.js';

/** Which consumers there are in any process, for those who look at them from elsewhere. */
@Injectable()
export class Announcements {
  constructor(private readonly redis: RedisConnections) {}

  /** Says that this process has a consumer. @throws RedisUnavailableError */
  async announce(consumer: string): Promise<void> {
    await redisCall(this.redis.commands.zadd(WORK_KEYS.consumers, await this.now(), consumer));
  }

  /** Whether some process said within so many milliseconds that it has this consumer. @throws RedisUnavailableError */
  async isAnnounced(consumer: string, withinMs: number): Promise<boolean> {
    const [now, last] = await Promise.all([
      this.now(),
      redisCall(this.redis.commands.zscore(WORK_KEYS.consumers, consumer)),
    ]);
    return last !== null && now - Number(last) < withinMs;
  }

  /** Those that were announced within so many milliseconds, the latest first, `most` of them. @throws RedisUnavailableError */
  async list(withinMs: number, most: number): Promise<string[]> {
    const since = (await this.now()) - withinMs;
    return redisCall(
      this.redis.commands.zrevrangebyscore(WORK_KEYS.consumers, '+inf', since, 'LIMIT', 0, most),
    );
  }

  private now(): Promise<number> {
    return this.redis.now(WORK_KEYS.consumers);
  }
}

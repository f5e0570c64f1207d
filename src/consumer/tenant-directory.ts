import { Injectable } from '@nestjs/common';
import { groupRegisteredKey, TENANTS_KEY } from '../event-store/index.js';
import { redisCall, RedisConnections } from '../redis/index.js';

/** The tenants that ever had a run: whose journals there are to read. */
@Injectable()
export class TenantDirectory {
  constructor(private readonly redis: RedisConnections) {}

  list(): Promise<string[]> {
    return redisCall(this.redis.commands.smembers(TENANTS_KEY));
  }

  /** The moment at which a group was registered for the first time, by any process, in ms. */
  async registeredAt(group: string): Promise<number> {
    const [seconds, micros] = await redisCall(this.redis.commands.time());
    const now = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
    const before = await redisCall(this.redis.commands.set(groupRegisteredKey(group), now, 'NX', 'GET'));
    return before === null ? now : Number(before);
  }
}

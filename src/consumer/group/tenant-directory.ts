import { Inject, Injectable } from '@nestjs/common';
import { groupRegisteredKey, TENANTS_KEY } from '../../event-store/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { CONSUMER_OPTIONS, type ConsumerOptions } from '../consumer-options.js';

/** The tenants whose journals there are to read: those that ever had a run, unless the options name some. */
@Injectable()
export class TenantDirectory {
  constructor(
    private readonly redis: RedisConnections,
    @Inject(CONSUMER_OPTIONS) private readonly options: ConsumerOptions,
  ) {}

  /** Those that the options name; undefined when they name none. */
  get named(): readonly string[] | undefined {
    return this.options.tenants;
  }

  /** Whether its events are handled here, if there is such a tenant. */
  serves(tenantId: string): boolean {
    return this.options.tenants?.includes(tenantId) ?? true;
  }

  /** Whether there is such a tenant, for all that the options say. */
  async has(tenantId: string): Promise<boolean> {
    if (this.options.tenants) return this.serves(tenantId);
    return (await redisCall(this.redis.commands.sismember(TENANTS_KEY, tenantId))) === 1;
  }

  async list(): Promise<readonly string[]> {
    return this.options.tenants ?? redisCall(this.redis.commands.smembers(TENANTS_KEY));
  }

  /**
   * Registers a group, unless some process has done so before.
   *
   * @returns the moment at which it was registered for the first time, in ms of Redis's clock then, and whether that
   *   was this call
   */
  async register(group: string): Promise<{ at: number; isFirst: boolean }> {
    const key = groupRegisteredKey(group);
    const now = await this.redis.now(key);
    const before = await redisCall(this.redis.commands.set(key, now, 'NX', 'GET'));
    return before === null ? { at: now, isFirst: true } : { at: Number(before), isFirst: false };
  }
}

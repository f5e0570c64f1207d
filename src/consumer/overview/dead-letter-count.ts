import { Injectable } from '@nestjs/common';
import { EventStore, TENANTS_KEY } from '../../event-store/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { walkTenants } from '../../stream-consumer/index.js';
import { TenantDirectory } from '../group/tenant-directory.js';

/** Tenants that one step looks at, about. */
const STEP = 1000;

/** How far the counting of one group has come. */
interface Walk {
  tenants: AsyncGenerator<string[]>;
  /** Of the tenants that this round has been to. */
  sum: number;
  /** Of all tenants, by the round before; undefined in the first. */
  total?: number;
}

/**
 * Counts the dead letters of groups over all tenants. They stay where nothing else is done any more, so every tenant must
 * be asked: a step at a time, and each step goes on where the last one ended.
 */
@Injectable()
export class DeadLetterCount {
  private readonly walks = new Map<string, Walk>();

  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly tenants: TenantDirectory,
  ) {}

  /**
   * Goes on by a step.
   *
   * @returns what the last whole round counted, or, in the first, what was counted so far
   * @throws RedisUnavailableError
   */
  async next(group: string): Promise<number> {
    const walk = this.walks.get(group) ?? { tenants: this.begin(), sum: 0 };
    this.walks.set(group, walk);
    try {
      for (let looked = 0; looked < STEP;) {
        const page = await walk.tenants.next();
        if (page.done) {
          Object.assign(walk, { tenants: this.begin(), sum: 0, total: walk.sum } satisfies Walk);
          break;
        }
        looked += Math.max(page.value.length, 1);
        walk.sum += await this.count(group, page.value);
      }
    } catch (error) {
      // A generator that threw is over, and gives no more.
      Object.assign(walk, { tenants: this.begin(), sum: 0 });
      throw error;
    }
    return walk.total ?? walk.sum;
  }

  /** Groups that nobody asks for any more need no place. */
  keepOnly(groups: readonly string[]): void {
    for (const group of this.walks.keys()) if (!groups.includes(group)) this.walks.delete(group);
  }

  private begin(): AsyncGenerator<string[]> {
    return walkTenants(this.redis, TENANTS_KEY, this.tenants.named);
  }

  private async count(group: string, tenants: readonly string[]): Promise<number> {
    const counts = await Promise.all(
      tenants.flatMap((tenantId) =>
        this.store.partitions
          .of(tenantId)
          .map((number) =>
            redisCall(this.redis.commands.xlen(this.store.keys.group(tenantId, number, group).dead)),
          ),
      ),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }
}

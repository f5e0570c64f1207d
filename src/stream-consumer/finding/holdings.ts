import { redisCall, type RedisConnections } from '../../redis/index.js';
import { BUCKETS, bucketOf, type Partition } from '../buckets.js';
import { SCRIPTS } from '../scripts.js';
import { WORK_KEYS } from '../work-keys.js';

/**
 * The partitions in which this member of a consumer has something in hand, written down before it takes anything: when it
 * dies, others look after them. Only it writes its own list, so that nobody's view of it is ever wrong for long.
 */
export class Holdings {
  private readonly partitions = new Set<Partition>();

  constructor(
    private readonly redis: RedisConnections,
    private readonly consumer: string,
    private readonly member: string,
  ) {}

  has(partition: Partition): boolean {
    return this.partitions.has(partition);
  }

  /** @throws RedisUnavailableError: then it is not held */
  async hold(partition: Partition): Promise<void> {
    if (this.partitions.has(partition)) return;
    await redisCall(this.redis.commands.sadd(this.keyOf(bucketOf(partition)), partition));
    this.partitions.add(partition);
  }

  async drop(partition: Partition): Promise<void> {
    if (!this.partitions.delete(partition)) return;
    await redisCall(this.redis.commands.srem(this.keyOf(bucketOf(partition)), partition));
  }

  /** Takes over what another had in a bucket. */
  async inherit(from: string, bucket: number): Promise<Partition[]> {
    const keys = [this.keyOf(bucket), WORK_KEYS.held(this.consumer, from, bucket)];
    const inherited = (await SCRIPTS.inherit.run(this.redis.commands, keys, [])) as Partition[];
    for (const partition of inherited) this.partitions.add(partition);
    return inherited;
  }

  /** Others may have taken all of it over. */
  async restore(): Promise<void> {
    for (const bucket of BUCKETS) {
      const held = [...this.partitions].filter((partition) => bucketOf(partition) === bucket);
      if (held.length > 0) await redisCall(this.redis.commands.sadd(this.keyOf(bucket), ...held));
    }
  }

  private keyOf(bucket: number): string {
    return WORK_KEYS.held(this.consumer, this.member, bucket);
  }
}

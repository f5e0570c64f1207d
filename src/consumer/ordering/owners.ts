import type { Partition } from '../../stream-consumer/index.js';
import { Ownership } from './ownership.js';
import type { Patience } from '../group/patience.js';
import type { RedisClient } from '../../redis/index.js';

/** The partitions of an ordered group that this process owns, or tries to: only while there is something to do there. */
export class Owners {
  private readonly ownerships = new Map<Partition, Ownership>();

  constructor(
    private readonly redis: RedisClient,
    private readonly keyOf: (partition: Partition) => string,
    private readonly consumer: string,
    private readonly leaseMs: number,
    private readonly patience: Patience,
    /** The fence of a partition is another than before: what was held under it is held no more. */
    private readonly onChange: (partition: Partition) => void,
  ) {}

  of(partition: Partition): Ownership {
    let ownership = this.ownerships.get(partition);
    if (!ownership) {
      ownership = new Ownership(
        this.redis,
        this.keyOf(partition),
        this.consumer,
        this.leaseMs,
        this.patience,
      );
      this.ownerships.set(partition, ownership);
    }
    return ownership;
  }

  isOurs(partition: Partition): boolean {
    return this.ownerships.get(partition)?.isOurs ?? false;
  }

  /** Those that are ours. */
  owned(): Partition[] {
    return [...this.ownerships].flatMap(([partition, { isOurs }]) => (isOurs ? [partition] : []));
  }

  async renew(partition: Partition): Promise<void> {
    if (await this.of(partition).renew()) this.onChange(partition);
  }

  /** Those that are ours remain so, as far as that can be had. */
  async renewAll(): Promise<void> {
    for (const partition of this.owned()) await this.renew(partition);
  }

  async giveUp(partition: Partition): Promise<void> {
    const ownership = this.ownerships.get(partition);
    if (!ownership) return;
    this.ownerships.delete(partition);
    await ownership.giveUp();
  }

  /** Of one that is not ours. */
  forget(partition: Partition): void {
    this.ownerships.delete(partition);
  }

  async giveUpAll(): Promise<void> {
    await Promise.allSettled([...this.ownerships.keys()].map((partition) => this.giveUp(partition)));
  }
}

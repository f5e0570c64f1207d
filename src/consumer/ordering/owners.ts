import { Ownership } from './ownership.js';
import type { Patience } from '../group/patience.js';
import type { RedisClient } from '../../redis/index.js';

/** The tenants of an ordered group that this process owns, or tries to: only while there is something to do there. */
export class Owners {
  private readonly ownerships = new Map<string, Ownership>();

  constructor(
    private readonly redis: RedisClient,
    private readonly keyOf: (tenantId: string) => string,
    private readonly consumer: string,
    private readonly leaseMs: number,
    private readonly patience: Patience,
    /** The fence of a tenant is another than before: what was held under it is held no more. */
    private readonly onChange: (tenantId: string) => void,
  ) {}

  of(tenantId: string): Ownership {
    let ownership = this.ownerships.get(tenantId);
    if (!ownership) {
      ownership = new Ownership(this.redis, this.keyOf(tenantId), this.consumer, this.leaseMs, this.patience);
      this.ownerships.set(tenantId, ownership);
    }
    return ownership;
  }

  isOurs(tenantId: string): boolean {
    return this.ownerships.get(tenantId)?.isOurs ?? false;
  }

  /** The tenants that are ours. */
  owned(): string[] {
    return [...this.ownerships].flatMap(([tenantId, { isOurs }]) => (isOurs ? [tenantId] : []));
  }

  async renew(tenantId: string): Promise<void> {
    if (await this.of(tenantId).renew()) this.onChange(tenantId);
  }

  /** Those that are ours remain so, as far as that can be had. */
  async renewAll(): Promise<void> {
    for (const tenantId of this.owned()) await this.renew(tenantId);
  }

  async giveUp(tenantId: string): Promise<void> {
    const ownership = this.ownerships.get(tenantId);
    if (!ownership) return;
    this.ownerships.delete(tenantId);
    await ownership.giveUp();
  }

  /** Of one that is not ours. */
  forget(tenantId: string): void {
    this.ownerships.delete(tenantId);
  }

  async giveUpAll(): Promise<void> {
    await Promise.allSettled([...this.ownerships.keys()].map((tenantId) => this.giveUp(tenantId)));
  }
}

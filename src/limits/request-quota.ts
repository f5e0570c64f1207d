import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { RedisConnections } from '../redis/index.js';
import { LIMIT_KEYS } from './limit-keys.js';
import { LimitRefusals } from './limit-refusals.js';
import { SCRIPTS } from './scripts.js';
import { TenantLimits } from './tenant-limits.js';

const MAX_TENANTS = 10_000;
/** A process leases what it needs for so long. */
const SHARE_MS = 100;
/** What was not needed by then is not used any more. */
const LEASE_MS = 1000;

interface Share {
  left: number;
  /** By `performance.now()`, as are all of these. */
  endsAt: number;
  /** Nothing is to be had before. */
  refusedUntil: number;
  /** How many were asked for since the last lease. */
  asked: number;
  leasedAt: number;
  /** In the last lease. */
  wanted: number;
  leasing: Promise<void> | undefined;
}

/**
 * Requests per second of a tenant, of all processes together. Each leases some in advance, as many as its tenant needed
 * lately in a tenth of a second, so that most requests take a number here and wait for nothing.
 */
@Injectable()
export class RequestQuota {
  private readonly shares = new LRUCache<string, Share>({ max: MAX_TENANTS });

  constructor(
    private readonly redis: RedisConnections,
    private readonly limits: TenantLimits,
    private readonly refusals: LimitRefusals,
  ) {}

  /** Takes one request. @throws TenantLimitError */
  async take(tenantId: string): Promise<void> {
    const found = this.limits.of(tenantId);
    const { values } = found instanceof Promise ? await found : found;
    const limit = values.requests_per_second;
    if (limit === undefined) return;
    const share = this.shareOf(tenantId);
    share.asked++;
    for (;;) {
      const now = performance.now();
      if (share.left >= 1 && now < share.endsAt) {
        share.left--;
        return;
      }
      if (now < share.refusedUntil)
        throw this.refusals.refuse(tenantId, 'requests_per_second', limit, share.refusedUntil - now);
      share.leasing ??= this.lease(tenantId, limit, share).finally(() => (share.leasing = undefined));
      await share.leasing;
    }
  }

  private shareOf(tenantId: string): Share {
    let share = this.shares.get(tenantId);
    if (!share) {
      const now = performance.now();
      share = { left: 0, endsAt: 0, refusedUntil: 0, asked: 0, leasedAt: now, wanted: 0, leasing: undefined };
      this.shares.set(tenantId, share);
    }
    return share;
  }

  /** Fails open: while Redis is away nothing is refused for a limit that nobody can count. */
  private async lease(tenantId: string, limit: number, share: Share): Promise<void> {
    const sinceMs = performance.now() - share.leasedAt;
    // Used up too soon: twice as many. So a burst soon has enough, and a single request wastes none.
    const needed = sinceMs < SHARE_MS ? 2 * share.wanted : Math.ceil((share.asked * SHARE_MS) / sinceMs);
    const most = Math.max(1, Math.floor((limit * SHARE_MS) / 1000));
    const wanted = (share.wanted = Math.min(most, Math.max(1, needed)));
    const reply = (await SCRIPTS.leaseRequests
      .run(this.redis.commands, [LIMIT_KEYS.requests(tenantId)], [limit, wanted])
      .catch(() => [most, 0])) as [leased: number, retryMs: number];
    const now = performance.now();
    share.asked = 0;
    share.leasedAt = now;
    share.left = reply[0];
    share.endsAt = now + LEASE_MS;
    share.refusedUntil = reply[0] > 0 ? 0 : now + Math.max(1, reply[1]);
  }
}

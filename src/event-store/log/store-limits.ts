import { Injectable, Optional } from '@nestjs/common';
import type { TenantLimitError } from '../../common/index.js';
import { type LimitReply, type LimitsInForce, shareOf, TenantLimits } from '../../limits/index.js';
import { Partitions } from '../partitions/partitions.js';

/** Limits of tenants, between the processes that know them and the scripts that look at them (meter.lua). */
@Injectable()
export class StoreLimits {
  constructor(
    private readonly partitions: Partitions,
    @Optional() private readonly limits?: TenantLimits,
  ) {}

  /**
   * What the scripts are told: '' where there is nothing to look at. At once while the tenant is in use. Each partition
   * counts for itself, and lets in its share.
   */
  of(tenantId: string): string | Promise<string> {
    if (!this.limits) return '';
    const found = this.limits.of(tenantId);
    const share = ({ forScripts }: LimitsInForce): string =>
      shareOf(forScripts, this.partitions.writtenOf(tenantId));
    return found instanceof Promise ? found.then(share) : share(found);
  }

  /** @param reply of a script that was told limits. @throws TenantLimitError */
  assertWithin(tenantId: string, reply: unknown): void {
    if (!Array.isArray(reply) || reply[0] !== 'LIMIT') return;
    const error = this.refused(tenantId, reply as unknown as LimitReply);
    if (error) throw error;
  }

  /** Counts what a limit has refused. */
  refused(tenantId: string, reply: LimitReply): TenantLimitError | undefined {
    return this.limits?.refusal(tenantId, reply);
  }
}

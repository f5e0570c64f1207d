import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { TenantLimitError } from '../common/index.js';
import { LIMIT_NAMES, type LimitName } from '../config/index.js';

const LOG_MS = 60_000;
/** Tenants that are counted apart, and of which is remembered when the log spoke of them. */
const MAX_TENANTS = 1000;

/** Counts what limits have refused in this process, and says so in the log, once a minute for a tenant and a limit. */
@Injectable()
export class LimitRefusals {
  readonly byLimit = Object.fromEntries(LIMIT_NAMES.map((name) => [name, 0])) as Record<LimitName, number>;
  private readonly logger = new Logger('Limits');
  private readonly byTenant = new LRUCache<string, number>({ max: MAX_TENANTS });
  private readonly loggedAt = new LRUCache<string, number>({ max: MAX_TENANTS * LIMIT_NAMES.length });

  /** @returns the error to throw */
  refuse(tenantId: string, limit: LimitName, value: number, retryMs: number): TenantLimitError {
    this.byLimit[limit]++;
    this.byTenant.set(tenantId, (this.byTenant.get(tenantId) ?? 0) + 1);
    this.log(tenantId, limit, value);
    return new TenantLimitError(limit, value, Math.max(1, Math.ceil(retryMs)));
  }

  /** The tenants that were refused most, with how often. */
  top(most: number): [tenantId: string, count: number][] {
    return [...this.byTenant.entries()].sort(([, a], [, b]) => b - a).slice(0, most);
  }

  private log(tenantId: string, limit: LimitName, value: number): void {
    const name = `${limit} ${tenantId}`;
    const now = performance.now();
    if (now - (this.loggedAt.get(name) ?? -Infinity) < LOG_MS) return;
    this.loggedAt.set(name, now);
    this.logger.warn(`The tenant ${tenantId} has reached its limit ${limit} (${value}): requests get 429.`);
  }
}

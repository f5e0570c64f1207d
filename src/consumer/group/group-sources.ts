import { Logger } from '@nestjs/common';
import type { RedisConnections } from '../../redis/index.js';
import { restOf } from '../../stream-consumer/index.js';
import type { GroupSource } from './group-source.js';
import type { TenantDirectory } from './tenant-directory.js';

/** A consumer without a sign of life for so many leases is removed from its group. */
const GONE_AFTER_LEASES = 10;
/** Tenants whose sources are kept while nothing of them is in hand. */
const MAX_IDLE_TENANTS = 1000;
/** No id of a ms ends higher; Redis's own limit is no number that a double holds. */
const MAX_SEQUENCE = Number.MAX_SAFE_INTEGER;

/** The sources of a group in each tenant. It makes the group where there is none. */
export class GroupSources {
  private readonly byTenant = new Map<string, readonly GroupSource[]>();
  private readonly logger: Logger;
  private newGroupsBegin = '0';
  /** Tenants that there were when the group was registered for the first time, by this process, and have none yet. */
  private older: ReadonlySet<string> = new Set();

  constructor(
    private readonly group: string,
    private readonly leaseMs: number,
    private readonly redis: RedisConnections,
    private readonly tenants: TenantDirectory,
    private readonly hooks: {
      create(tenantId: string): readonly GroupSource[];
      /** Whether nothing of it is in hand, or owned. */
      isIdle(tenantId: string): boolean;
      onDrop(tenantId: string): void;
    },
  ) {
    this.logger = new Logger(`Consumer ${group}`);
  }

  of(tenantId: string): readonly GroupSource[] {
    let sources = this.byTenant.get(tenantId);
    if (!sources) {
      this.dropIdle();
      sources = this.hooks.create(tenantId);
      this.byTenant.set(tenantId, sources);
    }
    return sources;
  }

  all(): GroupSource[] {
    return [...this.byTenant.values()].flat();
  }

  known(): Iterable<string> {
    return this.byTenant.keys();
  }

  drop(tenantId: string): void {
    this.byTenant.delete(tenantId);
  }

  /** A group that begins with what comes from now on begins at the same moment in all tenants and processes. */
  async register(): Promise<void> {
    const { at, isFirst } = await this.tenants.register(this.group);
    // With that ms itself: what came after the moment may bear it too.
    this.newGroupsBegin = `${at - 1}-${MAX_SEQUENCE}`;
    // Tenants that come later had nothing at that moment.
    if (isFirst) this.older = new Set(await this.tenants.list());
  }

  /** @returns false where there is no such tenant (any more): nothing is made for it */
  async ensureGroup(tenantId: string): Promise<boolean> {
    if (!(await this.tenants.has(tenantId))) return false;
    const sources = this.of(tenantId);
    if (sources.some(({ hadGroup }) => hadGroup))
      this.logger.warn(`The consumer group of tenant ${tenantId} is gone: making it again.`);
    for (const source of sources) await source.ensureGroup(this.newGroupsBegin, this.older.has(tenantId));
    return true;
  }

  async isAtRest(tenantId: string): Promise<boolean> {
    const sources = this.of(tenantId);
    const streams = sources.map(({ stream }) => stream);
    const waiting = sources.slice(0, 1).map(({ later }) => later.due);
    const ask = () => restOf(this.redis, streams, this.group, waiting);
    let rest = await ask();
    if (rest === 'no group') {
      if (!(await this.ensureGroup(tenantId))) return true;
      rest = await ask();
    }
    return rest === 'at rest';
  }

  async tidy(tenantId: string): Promise<void> {
    const goneAfterMs = this.leaseMs * GONE_AFTER_LEASES;
    await Promise.all(this.of(tenantId).map((source) => source.tidy(goneAfterMs)));
  }

  private dropIdle(): void {
    if (this.byTenant.size < MAX_IDLE_TENANTS) return;
    for (const tenantId of this.byTenant.keys()) {
      if (!this.hooks.isIdle(tenantId)) continue;
      this.byTenant.delete(tenantId);
      this.hooks.onDrop(tenantId);
      return;
    }
  }
}

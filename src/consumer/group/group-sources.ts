import { Logger } from '@nestjs/common';
import type { RedisConnections } from '../../redis/index.js';
import { numberOf, type Partition, restOf, tenantOf } from '../../stream-consumer/index.js';
import type { GroupSource } from './group-source.js';
import type { TenantDirectory } from './tenant-directory.js';

/** A consumer without a sign of life for so many leases is removed from its group. */
const GONE_AFTER_LEASES = 10;
/** Partitions whose sources are kept while nothing of them is in hand. */
const MAX_IDLE = 1000;
/** No id of a ms ends higher; Redis's own limit is no number that a double holds. */
const MAX_SEQUENCE = Number.MAX_SAFE_INTEGER;

/** The sources of a group in each partition. It makes the group where there is none. */
export class GroupSources {
  private readonly byPartition = new Map<Partition, readonly GroupSource[]>();
  private readonly logger: Logger;
  private newGroupsBegin = '0';
  /** Partitions that there were when the group was registered for the first time, by this process, and have none yet. */
  private older: ReadonlySet<Partition> = new Set();

  constructor(
    private readonly group: string,
    private readonly leaseMs: number,
    private readonly redis: RedisConnections,
    private readonly tenants: TenantDirectory,
    private readonly hooks: {
      create(partition: Partition): readonly GroupSource[];
      /** Whether nothing of it is in hand, or owned. */
      isIdle(partition: Partition): boolean;
      onDrop(partition: Partition): void;
      partitionsOf(tenantId: string): readonly Partition[];
      /** Before a group is made in a partition that is not the tenant's first. */
      beforeGroup(partition: Partition): Promise<void>;
    },
  ) {
    this.logger = new Logger(`Consumer ${group}`);
  }

  of(partition: Partition): readonly GroupSource[] {
    let sources = this.byPartition.get(partition);
    if (!sources) {
      this.dropIdle();
      sources = this.hooks.create(partition);
      this.byPartition.set(partition, sources);
    }
    return sources;
  }

  all(): GroupSource[] {
    return [...this.byPartition.values()].flat();
  }

  known(): Iterable<Partition> {
    return this.byPartition.keys();
  }

  drop(partition: Partition): void {
    this.byPartition.delete(partition);
  }

  /** A group that begins with what comes from now on begins at the same moment in all partitions and processes. */
  async register(): Promise<void> {
    const { at, isFirst } = await this.tenants.register(this.group);
    // With that ms itself: what came after the moment may bear it too.
    this.newGroupsBegin = `${at - 1}-${MAX_SEQUENCE}`;
    // What comes later had nothing at that moment.
    if (!isFirst) return;
    this.older = new Set(
      (await this.tenants.list()).flatMap((tenantId) => this.hooks.partitionsOf(tenantId)),
    );
  }

  /** @returns false where there is no such tenant (any more): nothing is made for it */
  async ensureGroup(partition: Partition): Promise<boolean> {
    const tenantId = tenantOf(partition);
    if (!(await this.tenants.has(tenantId))) return false;
    if (numberOf(partition) > 0) await this.hooks.beforeGroup(partition);
    const sources = this.of(partition);
    if (sources.some(({ hadGroup }) => hadGroup))
      this.logger.warn(`The consumer group of tenant ${tenantId} is gone: making it again.`);
    for (const source of sources) await source.ensureGroup(this.newGroupsBegin, this.older.has(partition));
    return true;
  }

  async isAtRest(partition: Partition): Promise<boolean> {
    const [journal, ...redrives] = this.of(partition);
    if (!journal) return true;
    const beside = { emptied: redrives.map(({ stream }) => stream), waiting: [journal.later.due] };
    const ask = () => restOf(this.redis, journal.stream, this.group, beside);
    let rest = await ask();
    if (rest === 'no group' || rest === 'no stream') {
      if (!(await this.ensureGroup(partition))) return true;
      rest = await ask();
    }
    return rest === 'at rest';
  }

  async tidy(partition: Partition): Promise<void> {
    const goneAfterMs = this.leaseMs * GONE_AFTER_LEASES;
    await Promise.all(this.of(partition).map((source) => source.tidy(goneAfterMs)));
  }

  private dropIdle(): void {
    if (this.byPartition.size < MAX_IDLE) return;
    for (const partition of this.byPartition.keys()) {
      if (!this.hooks.isIdle(partition)) continue;
      this.byPartition.delete(partition);
      this.hooks.onDrop(partition);
      return;
    }
  }
}

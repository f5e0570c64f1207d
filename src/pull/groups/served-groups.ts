import { Injectable } from '@nestjs/common';
import { GroupNotFoundError, RunstreamError } from '../../common/index.js';
import { GroupCatalog, type WorkerGroup, type WorkerGroupRef, WorkerGroups } from '../../consumer/index.js';
import { EventStore } from '../../event-store/index.js';
import { RedisConnections } from '../../redis/index.js';
import { Definitions } from '../definitions.js';

/** The consumer groups of tenants' workers. Every method throws RedisUnavailableError. */
@Injectable()
export class ServedGroups {
  constructor(
    private readonly definitions: Definitions,
    private readonly groups: WorkerGroups,
    private readonly catalog: GroupCatalog,
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
  ) {}

  /**
   * Makes a group known, or changes it.
   *
   * @throws RunstreamError GROUP_TAKEN, VERSION_OUTDATED, GROUP_IN_USE; ValidationFailedError when there are too many
   */
  async put(tenantId: string, name: string, asked: Omit<WorkerGroup, 'since'>): Promise<WorkerGroup> {
    if (await this.catalog.isOfService(tenantId, name)) {
      throw new RunstreamError(
        'GROUP_TAKEN',
        'A consumer group of this name is part of the deployment. Choose another name for your workers.',
      );
    }
    const known = await this.find(tenantId, name);
    if (known && (known.from !== asked.from || known.ordering !== asked.ordering))
      await this.assertAtRest(tenantId, name);
    const since = known?.since ?? (await this.redis.now(this.store.keys.partition(tenantId, 0).journal));
    const group: WorkerGroup = { ...asked, since };
    await this.definitions.put(tenantId, 'groups', name, group);
    await this.groups.ensure({ tenantId, name, group });
    return group;
  }

  /** @throws GroupNotFoundError */
  async get(tenantId: string, name: string): Promise<WorkerGroupRef> {
    const reread = async (): Promise<WorkerGroup> => {
      const group = await this.find(tenantId, name);
      if (!group) throw new GroupNotFoundError();
      return group;
    };
    return { tenantId, name, group: await reread(), reread };
  }

  private find(tenantId: string, name: string): Promise<WorkerGroup | undefined> {
    return this.definitions.get<WorkerGroup>(tenantId, 'groups', name);
  }

  /** @throws RunstreamError GROUP_IN_USE */
  private async assertAtRest(tenantId: string, name: string): Promise<void> {
    const { isPaused, pending } = await this.catalog.get(tenantId, name);
    if (isPaused && pending === 0) return;
    throw new RunstreamError(
      'GROUP_IN_USE',
      '"from" and "ordering" of a group change only while it is paused and none of its events is pending.',
    );
  }
}

import { Injectable } from '@nestjs/common';
import { isNoGroup, redisCall, RedisConnections } from '../../redis/index.js';
import { EventStore } from '../log/event-store.js';
import { DISPATCH_GROUP, type DispatchSource } from './dispatch-entry.js';
import { workerOf } from './worker-names.js';

/** How the runs of executors stand. Every method throws RedisUnavailableError. */
@Injectable()
export class DispatchStanding {
  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
  ) {}

  /** How many runs of an executor processes have, and how many wait for one, in all of a tenant's partitions. */
  async countRuns({ tenantId, executor }: DispatchSource): Promise<{ running: number; pending: number }> {
    const counts = await Promise.all(
      this.store.partitions
        .of(tenantId)
        .map((partition) => this.countRunsIn({ tenantId, executor, partition })),
    );
    return {
      running: counts.reduce((sum, { running }) => sum + running, 0),
      pending: counts.reduce((sum, { pending }) => sum + pending, 0),
    };
  }

  /** The workers that hold runs of an executor, and how many each, in all of a tenant's partitions. */
  async holders({ tenantId, executor }: DispatchSource): Promise<Map<string, number>> {
    const running = new Map<string, number>();
    for (const partition of this.store.partitions.of(tenantId)) {
      const stream = this.store.keys.partition(tenantId, partition).dispatch(executor);
      const summary = await redisCall(
        this.redis.commands.xpending(stream, DISPATCH_GROUP).catch((error: unknown) => {
          if (isNoGroup(error)) return [];
          throw error;
        }),
      );
      for (const [consumer, count] of (summary[3] ?? []) as [string, string][]) {
        const worker = workerOf(consumer)?.worker ?? consumer;
        running.set(worker, (running.get(worker) ?? 0) + Number(count));
      }
    }
    return running;
  }

  private async countRunsIn({
    tenantId,
    executor,
    partition = 0,
  }: DispatchSource): Promise<{ running: number; pending: number }> {
    const stream = this.store.keys.partition(tenantId, partition).dispatch(executor);
    const [all, summary] = await redisCall(
      Promise.all([
        this.redis.commands.xlen(stream),
        this.redis.commands.xpending(stream, DISPATCH_GROUP).catch((error: unknown) => {
          if (isNoGroup(error)) return [0];
          throw error;
        }),
      ]),
    );
    const running = Number(summary[0]);
    return { running, pending: Math.max(0, all - running) };
  }
}

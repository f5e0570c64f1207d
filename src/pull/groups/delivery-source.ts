import type { WorkerDelivery, WorkerGroupRef, WorkerGroups } from '../../consumer/index.js';
import type { WorkSource } from '../waiting/wait-queue.js';

/** The events of one group of a tenant's workers. */
export class DeliverySource implements WorkSource<{ worker: string }, WorkerDelivery> {
  private nextMs: number | undefined;

  constructor(
    private readonly groups: WorkerGroups,
    private readonly ref: WorkerGroupRef,
  ) {}

  /** What was given back or lost is looked for each time: it is no dearer. */
  async take({ worker }: { worker: string }, most: number): Promise<WorkerDelivery[]> {
    const { deliveries, nextMs } = await this.groups.take(this.ref, worker, most);
    this.nextMs = nextMs;
    return deliveries;
  }

  available(): Promise<number> {
    return this.groups.available(this.ref);
  }

  nextInMs(): Promise<number | undefined> {
    return Promise.resolve(this.nextMs);
  }

  giveBack(_: object, deliveries: readonly WorkerDelivery[]): Promise<void> {
    return this.groups.giveBack(this.ref, deliveries);
  }
}

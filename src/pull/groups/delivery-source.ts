import type { WorkerDelivery, WorkerGroupRef, WorkerGroups } from '../../consumer/index.js';
import type { WorkSource } from '../waiting/wait-queue.js';

/** Who asks for events, and of which group, as it was defined when he did. */
export interface EventsAsked {
  worker: string;
  ref: WorkerGroupRef;
}

/** The events of one group of a tenant's workers. */
export class DeliverySource implements WorkSource<EventsAsked, WorkerDelivery> {
  private nextMs: number | undefined;

  constructor(
    private readonly groups: WorkerGroups,
    private readonly group: Pick<WorkerGroupRef, 'tenantId' | 'name'>,
  ) {}

  /** What was given back or lost is looked for each time: it is no dearer. */
  async take({ worker, ref }: EventsAsked, most: number): Promise<WorkerDelivery[]> {
    const { deliveries, nextMs } = await this.groups.take(ref, worker, most);
    this.nextMs = nextMs;
    return deliveries;
  }

  available(): Promise<number> {
    return this.groups.available(this.group);
  }

  nextInMs(): Promise<number | undefined> {
    return Promise.resolve(this.nextMs);
  }

  giveBack({ ref }: EventsAsked, deliveries: readonly WorkerDelivery[]): Promise<void> {
    return this.groups.giveBack(ref, deliveries);
  }
}

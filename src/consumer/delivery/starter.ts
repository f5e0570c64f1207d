import type { Logger } from '@nestjs/common';
import { RedisUnavailableError } from '../../common/index.js';
import { isNoGroup } from '../../redis/index.js';
import type { Delivery } from './delivery.js';
import { Gathered } from '../flow/gathered.js';
import type { GroupSource } from '../group/group-source.js';
import type { Beginning } from './lease.js';
import { OwnershipLostError } from '../ordering/ownership.js';

/** Entries that one script begins, at most. */
const MAX_BATCH = 500;

/** Begins attempts, those of each source together. Undefined where that was not possible, for a reason that will pass. */
export class Starter {
  private readonly bySource = new WeakMap<GroupSource, Gathered<Delivery, Beginning | undefined>>();

  constructor(
    private readonly logger: Logger,
    /** An ordered source turns out to have another owner, or to be replayed. */
    private readonly onOwnershipLost: (source: GroupSource) => void,
  ) {}

  /** Never rejects. */
  begin(delivery: Delivery): Promise<Beginning | undefined> {
    const { source } = delivery;
    let gathered = this.bySource.get(source);
    if (!gathered) {
      gathered = new Gathered(
        (deliveries) => this.beginAll(source, deliveries, false),
        (waiting) => {
          const fence = waiting[0]?.item.fence;
          const other = waiting.findIndex(({ item }, i) => i === MAX_BATCH || item.fence !== fence);
          return other < 0 ? waiting.length : other;
        },
      );
      this.bySource.set(source, gathered);
    }
    return gathered.do(delivery);
  }

  /** One that may have killed a process. Never rejects. */
  async beginAlone(delivery: Delivery): Promise<Beginning | undefined> {
    const [beginning] = await this.beginAll(delivery.source, [delivery], true);
    return beginning;
  }

  private async beginAll(
    source: GroupSource,
    deliveries: Delivery[],
    alone: boolean,
  ): Promise<(Beginning | undefined)[]> {
    try {
      const began = await source.begin(deliveries, alone);
      return began === 'paused' ? [] : began;
    } catch (error) {
      if (error instanceof OwnershipLostError) {
        this.onOwnershipLost(source);
        return deliveries.map(() => ({ kind: 'lost' }));
      }
      if (!isExpected(error)) this.logger.error(error);
      return [];
    }
  }
}

/** An outage is told by the connections; that the group is gone, by the one that makes it again. */
export function isExpected(error: unknown): boolean {
  return error instanceof RedisUnavailableError || isNoGroup(error);
}

import type { Logger } from '@nestjs/common';
import type { Deliverer } from '../delivery/deliverer.js';
import { Delivery } from '../delivery/delivery.js';
import { unlessAborted } from '../../common/index.js';
import type { Page } from './group-entries.js';
import type { GroupSource } from './group-source.js';
import { soonest } from './intake.js';
import { OwnershipLostError } from '../ordering/ownership.js';
import type { Patience } from './patience.js';
import { noRecovery, type RecoveryResult } from './recovery-result.js';

const PAGE = 100;
/** How soon it looks again while nobody may be taken for gone. */
const IMPATIENT_MS = 500;

/** How a tenant stands after a look at what others have left. */
export interface Standing {
  claimed: number;
  /** Others have left more than there were places for. */
  hasMore: boolean;
  /** Entries without an outcome, whoever has them. */
  pending: number;
  /** When to look again for what others have, in milliseconds from now. */
  staleInMs: number | undefined;
}

/** A recovery that is going on, of one tenant. */
interface Recovering {
  result: RecoveryResult;
  deliveries: Delivery[];
}

/** Finds entries that nobody works on any more, and has them handled. */
export class GroupRecovery {
  /** What the last one found. */
  last: RecoveryResult = noRecovery();

  constructor(
    private readonly patience: Patience,
    private readonly deliverer: Pick<Deliverer, 'accept' | 'buried'>,
    private readonly logger: Logger,
    private readonly signal: AbortSignal,
  ) {}

  /** Takes over what others have left for a whole lease, as far as there are places. */
  async recover(sources: readonly GroupSource[], places: number): Promise<Standing> {
    const recovering = begin();
    const standing: Standing = { claimed: 0, hasMore: false, pending: 0, staleInMs: undefined };
    for (const source of sources) {
      const isPatient = await this.patience.isOver(source.stream);
      let after: string | undefined = '-';
      while (isPatient && after !== undefined && !this.signal.aborted) {
        const most = Math.min(PAGE, places - standing.claimed);
        if (most <= 0) break;
        const page: Page = await source.claimStale(most, after);
        standing.claimed += page.entries.length + page.buried;
        await this.deliver(source, page, recovering);
        after = page.next;
      }
      standing.hasMore ||= isPatient && after !== undefined;
      const { pending, staleInMs } = await source.outlook();
      standing.pending += pending;
      if (!standing.hasMore)
        standing.staleInMs = soonest(
          standing.staleInMs,
          staleInMs && Math.max(staleInMs, isPatient ? 1 : IMPATIENT_MS),
        );
    }
    this.finish(sources, recovering);
    return standing;
  }

  /**
   * Takes over the whole pending list of an ordered group, in order; what becomes of it shows in `last` later.
   *
   * @returns how many entries
   * @throws OwnershipLostError when it is not owned under `fence` any more
   */
  async takeOver(source: GroupSource, fence: string): Promise<number> {
    const recovering = begin();
    let after: string | undefined = '-';
    while (after !== undefined && !this.signal.aborted) {
      const page: Page = await source.takeOver(PAGE, after, fence);
      await this.deliver(source, page, recovering, fence);
      after = page.next;
    }
    this.finish([source], recovering);
    // It stops in the middle: what comes after, parked or new, must not begin before the rest.
    if (after !== undefined) throw new OwnershipLostError();
    return recovering.result.claimed;
  }

  private async deliver(
    source: GroupSource,
    { buried, entries }: Page,
    { result, deliveries: all }: Recovering,
    fence = '',
  ): Promise<void> {
    result.claimed += entries.length + buried;
    result.failed += buried;
    this.deliverer.buried(buried);
    const dueTimes = await source.dueTimes(entries);
    if (source.fence !== fence) throw new OwnershipLostError();
    const deliveries = entries.map((entry, i) => {
      const delivery = new Delivery(source, entry);
      delivery.dueAt = dueTimes[i];
      return delivery;
    });
    all.push(...deliveries);
    // Asked for before they can have an outcome.
    for (const { done } of deliveries) void done;
    await this.deliverer.accept(deliveries);
  }

  /** Once all of it has an outcome, operators see what was found. The recovery itself does not wait, or fail, for it. */
  private finish(sources: readonly GroupSource[], { result, deliveries }: Recovering): void {
    const [source] = sources;
    if (result.claimed === 0 || !source) return;
    const note = async (): Promise<void> => {
      const outcomes = deliveries.map(async ({ done }) => {
        const how = await done;
        if (how !== 'left') result[how]++;
      });
      await unlessAborted(Promise.all(outcomes), this.signal);
      this.last = result;
      this.logger.log(`Recovered in tenant ${source.tenantId}: ${JSON.stringify(result)}`);
      await source.noteRecovery(result).catch(() => undefined);
    };
    void note();
  }
}

function begin(): Recovering {
  return { result: noRecovery(), deliveries: [] };
}

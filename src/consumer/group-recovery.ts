import type { Deliverer } from './deliverer.js';
import { type Delivery, newDelivery } from './delivery.js';
import { unlessAborted } from '../common/index.js';
import type { GroupSource, Page } from './group-source.js';
import { OwnershipLostError } from './ownership.js';
import type { Patience } from './patience.js';
import { noRecovery, type RecoveryResult } from './recovery-result.js';

const PAGE = 100;
const END: Page = { next: undefined, buried: 0, entries: [] };

/** A recovery that is going on. */
interface Recovering {
  /** All tenants together. */
  total: RecoveryResult;
  /** By tenant, with one of its sources to write it down. */
  tenants: Map<string, { source: GroupSource; result: RecoveryResult }>;
  /** Each settles with an entry. */
  outcomes: Promise<void>[];
}

/** Finds entries that nobody works on any more, and has them handled. */
export class GroupRecovery {
  /** What the last one found. */
  last: RecoveryResult = noRecovery();

  constructor(
    private readonly patience: Patience,
    private readonly deliverer: Pick<Deliverer, 'accept' | 'buried' | 'hasFewerThan'>,
    /** How many entries of others may be in hand at a time: what waits here could be handled elsewhere. */
    private readonly most: number,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Takes over what others have left for a whole lease, walking each pending list to its end.
   *
   * @returns what came of it, once all of it has an outcome
   */
  async claimStale(sources: readonly GroupSource[]): Promise<{ result: Promise<RecoveryResult> }> {
    const recovering = begin();
    if (await this.patience.isOver()) {
      for (const source of sources) {
        await this.walk(
          (after) => this.claimPage(source, after),
          (page) => this.deliver(source, page, recovering),
        );
      }
    }
    return { result: this.finish(recovering) };
  }

  private async claimPage(source: GroupSource, after: string): Promise<Page> {
    await unlessAborted(this.deliverer.hasFewerThan(this.most), this.signal);
    return this.signal.aborted ? END : source.claimStale(PAGE, after);
  }

  /**
   * Takes over the whole pending list of an ordered group, in order; what becomes of it shows in `last` later.
   *
   * @throws OwnershipLostError when it is not owned under `fence` any more
   */
  async takeOver(source: GroupSource, fence: string): Promise<void> {
    const recovering = begin();
    await this.walk(
      (after) => source.takeOver(PAGE, after, fence),
      (page) => this.deliver(source, page, recovering, fence),
    );
    if (recovering.total.claimed === 0) return;
    this.last = recovering.total;
    void Promise.all(recovering.outcomes).then(() => this.note(recovering));
  }

  private async walk(
    read: (after: string) => Promise<Page>,
    deliver: (page: Page) => Promise<void>,
  ): Promise<void> {
    let after: string | undefined = '-';
    while (after !== undefined && !this.signal.aborted) {
      const page: Page = await read(after);
      await deliver(page);
      after = page.next;
    }
  }

  private async deliver(
    source: GroupSource,
    { buried, entries }: Page,
    { total, tenants, outcomes }: Recovering,
    fence = '',
  ): Promise<void> {
    const own = tenants.get(source.tenantId) ?? { source, result: noRecovery() };
    tenants.set(source.tenantId, own);
    for (const result of [total, own.result]) {
      result.claimed += entries.length + buried;
      result.failed += buried;
    }
    this.deliverer.buried(buried);
    const dueTimes = await source.dueTimes(entries);
    if (source.fence !== fence) throw new OwnershipLostError();
    const deliveries = entries.map((entry, i): Delivery => {
      const delivery: Delivery = { ...newDelivery(source, entry), dueAt: dueTimes[i] };
      outcomes.push(
        new Promise((resolve) => {
          delivery.onSettled = (how) => {
            total[how]++;
            own.result[how]++;
            resolve();
          };
        }),
      );
      return delivery;
    });
    await this.deliverer.accept(deliveries);
  }

  private async finish(recovering: Recovering): Promise<RecoveryResult> {
    await unlessAborted(Promise.all(recovering.outcomes), this.signal);
    if (recovering.total.claimed > 0) this.last = recovering.total;
    await this.note(recovering);
    return recovering.total;
  }

  /** For operators to see: the recovery itself does not fail for it. */
  private async note({ tenants }: Recovering): Promise<void> {
    const found = [...tenants.values()].filter(({ result }) => result.claimed > 0);
    await Promise.allSettled(found.map(({ source, result }) => source.noteRecovery(result)));
  }
}

function begin(): Recovering {
  return { total: noRecovery(), tenants: new Map(), outcomes: [] };
}

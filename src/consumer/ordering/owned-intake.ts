import type { Partition, Visited, VisitTerms } from '../../stream-consumer/index.js';
import type { Deliverer } from '../delivery/deliverer.js';
import { Delivery } from '../delivery/delivery.js';
import type { GroupRecovery } from '../group/group-recovery.js';
import type { GroupSource } from '../group/group-source.js';
import { type Intake, soonest } from '../group/intake.js';
import { OwnershipLostError } from './ownership.js';
import { MAX_IN_MEMORY } from './run-lanes.js';

/** How soon it looks again for whether there is less parked. */
const FULL_MS = 1000;

/** For an ordered group: the owner of a partition takes over whatever is pending, in order, and only then reads on. */
export class OwnedIntake implements Intake {
  constructor(
    private readonly leaseMs: number,
    private readonly sourcesOf: (partition: Partition) => readonly GroupSource[],
    private readonly deliverer: Pick<Deliverer, 'accept' | 'buried' | 'forget' | 'inHand' | 'runs'>,
    private readonly recovery: Pick<GroupRecovery, 'takeOver'>,
    private readonly owners: {
      isOurs(partition: Partition): boolean;
      /** Becomes or stays the owner, if it can be had; what was held under another fence is let go of. */
      renew(partition: Partition): Promise<void>;
      /** Lets another have it. */
      giveUp(partition: Partition): Promise<void>;
    },
  ) {}

  get room(): number {
    return this.deliverer.runs.isFull ? 0 : MAX_IN_MEMORY - this.deliverer.inHand.size;
  }

  owns(partition: Partition): boolean {
    return this.owners.isOurs(partition);
  }

  /** Whoever comes first may have it. */
  rest(partition: Partition): Promise<void> {
    return this.owners.giveUp(partition);
  }

  async visit(partition: Partition, { places, scope, resync }: VisitTerms): Promise<Visited> {
    const sources = this.sourcesOf(partition);
    for (const source of sources) {
      const isLost = resync || (scope === 'look' && (await source.parking?.isKnown()) === false);
      if (isLost) source.takenOver = '';
    }
    if (!this.owners.isOurs(partition)) await this.owners.renew(partition);
    // It is another's: until that one is gone.
    if (!this.owners.isOurs(partition)) return { taken: 0, againInMs: this.leaseMs / 3 };
    try {
      const visited: Visited = { taken: 0 };
      for (const source of sources) {
        // Whose group was lost and regained is taken over first.
        if (scope === 'news' && source.kind === 'redrive' && source.takenOver === source.fence) continue;
        const one = await this.take(source, places);
        visited.taken += one.taken;
        visited.more = one.more === 'all' ? 'all' : (visited.more ?? one.more);
        visited.againInMs = soonest(visited.againInMs, one.againInMs);
      }
      if (scope !== 'look' || visited.taken > 0) return visited;
      return { ...visited, isIdle: await this.restIfIdle(partition, sources) };
    } catch (error) {
      if (!(error instanceof OwnershipLostError)) throw error;
      await this.owners.renew(partition);
      return { taken: 0, more: scope };
    }
  }

  /** The group may be lost and regained at any moment: then what was pending is to be taken over first, once more. */
  private async take(source: GroupSource, most: number): Promise<Visited> {
    const { fence } = source;
    if (fence === '') throw new OwnershipLostError();
    let taken = 0;
    if (source.takenOver !== fence) taken = await this.takeOver(source, fence);
    const { parking } = source;
    taken += await this.takeParked(source, fence, most);
    if (parking?.isFull) return { taken, againInMs: FULL_MS };
    const { entries, hasMore, nextMs } = await source.take(most, fence);
    if (source.fence !== fence) throw new OwnershipLostError();
    await this.deliverer.accept(entries.map(({ entry }) => new Delivery(source, entry)));
    const more = source.kind === 'journal' ? 'news' : 'all';
    return {
      taken: taken + entries.length,
      more: hasMore ? more : undefined,
      againInMs: soonest(parking?.nextInMs, nextMs),
    };
  }

  private async takeParked(source: GroupSource, fence: string, most: number): Promise<number> {
    let taken = 0;
    const { parking } = source;
    for await (const { runId, entries, buried } of parking?.next(fence, most) ?? []) {
      if (source.fence !== fence) throw new OwnershipLostError();
      this.deliverer.buried(buried);
      taken += entries.length + buried;
      await this.deliverer.accept(
        entries.map((entry) => new Delivery(source, entry)),
        true,
      );
      // Nothing of these was wanted, or is there any more: the next ones may come.
      if (!this.deliverer.runs.has(source, runId)) parking?.release(runId);
      if (this.deliverer.runs.isFull) break;
    }
    return taken;
  }

  private async takeOver(source: GroupSource, fence: string): Promise<number> {
    this.deliverer.forget((delivery) => delivery.source === source);
    // Before it is so: what is dropped while it goes on says that it is not.
    source.takenOver = fence;
    try {
      await source.parking?.load();
      return await this.recovery.takeOver(source, fence);
    } catch (error) {
      source.takenOver = '';
      throw error;
    }
  }

  private async restIfIdle(partition: Partition, sources: readonly GroupSource[]): Promise<boolean> {
    for (const { stream } of sources) {
      for (const { source } of this.deliverer.inHand) if (source.stream === stream) return false;
    }
    const outlooks = await Promise.all(sources.map((source) => source.outlook()));
    if (outlooks.some(({ pending }) => pending > 0)) return false;
    await this.owners.giveUp(partition);
    return true;
  }
}

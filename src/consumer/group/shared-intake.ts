import type { Partition, Scope, Visited, VisitTerms } from '../../stream-consumer/index.js';
import type { Deliverer } from '../delivery/deliverer.js';
import { Delivery } from '../delivery/delivery.js';
import type { GroupRecovery } from './group-recovery.js';
import type { GroupSource } from './group-source.js';
import { type Intake, soonest } from './intake.js';

const PAGE = 100;

/** For a group whose entries any of its processes may handle: each takes what it has places for. */
export class SharedIntake implements Intake {
  constructor(
    private readonly sourcesOf: (partition: Partition) => readonly GroupSource[],
    private readonly deliverer: Deliverer,
    private readonly recovery: GroupRecovery,
  ) {}

  get room(): number {
    return this.deliverer.room;
  }

  owns(): boolean {
    return false;
  }

  rest(): Promise<void> {
    return Promise.resolve();
  }

  /** What others left and what was sent back come first, with a part of the places: new entries may never end. */
  async visit(partition: Partition, { places, scope, resync }: VisitTerms): Promise<Visited> {
    const [journal, redrive] = this.sourcesOf(partition);
    if (!journal || !redrive) return { taken: 0 };
    if (resync) for (const source of [journal, redrive]) await this.takeUpOwn(source);
    if (scope === 'news') return this.take(journal, places, 'news');
    const half = Math.ceil(places / 2);
    if (scope === 'all')
      return together(
        await Promise.all([this.take(redrive, half, 'all'), this.take(journal, places - half, 'news')]),
      );
    // First, since it says so when the group is missing, before anything is claimed.
    const redriven = await this.take(redrive, Math.ceil(half / 2), 'all');
    const found = await this.recovery.recover([journal, redrive], half - redriven.taken);
    const fresh = await this.take(journal, places - redriven.taken - found.claimed, 'news');
    return {
      ...together([{ taken: found.claimed, more: found.hasMore ? 'look' : undefined }, redriven, fresh]),
      lookInMs: found.staleInMs,
      isIdle: found.pending === 0,
    };
  }

  private async take(source: GroupSource, most: number, more: Scope): Promise<Visited> {
    if (most <= 0) return { taken: 0, more };
    const { buried, entries, hasMore, nextMs } = await source.take(most);
    this.deliverer.buried(buried);
    await this.deliverer.accept(entries.map(({ entry, begun }) => new Delivery(source, entry, begun)));
    return { taken: entries.length + buried, more: hasMore ? more : undefined, againInMs: nextMs };
  }

  /** Entries of ours that nobody here works on: their delivery was lost with the connection. */
  private async takeUpOwn(source: GroupSource): Promise<void> {
    const held = new Set<string>();
    for (const { source: its, entry } of this.deliverer.inHand)
      if (its.stream === source.stream) held.add(entry.id);
    let after = '0';
    for (;;) {
      const entries = await source.readOwn(after, PAGE);
      const last = entries.at(-1);
      if (!last) return;
      after = last.id;
      const unknown = entries.filter(({ id }) => !held.has(id));
      const dueTimes = await source.dueTimes(unknown);
      // What waits for its delay is taken up when it is due.
      const lost = unknown.filter((_, i) => dueTimes[i] === undefined);
      await this.deliverer.accept(lost.map((entry) => new Delivery(source, entry)));
    }
  }
}

/** Of several visits one; those that look farthest come first. */
function together(visits: readonly Visited[]): Visited {
  const all: Visited = { taken: 0 };
  for (const { taken, more, againInMs } of visits) {
    all.taken += taken;
    all.more ??= more;
    all.againInMs = soonest(all.againInMs, againInMs);
  }
  return all;
}

import type { Scope, Visited, VisitTerms } from '../../stream-consumer/index.js';
import type { Deliverer } from '../delivery/deliverer.js';
import { Delivery } from '../delivery/delivery.js';
import type { GroupRecovery } from './group-recovery.js';
import type { GroupSource } from './group-source.js';
import { type Intake, soonest } from './intake.js';

const PAGE = 100;

/** For a group whose entries any of its processes may handle: each takes what it has places for. */
export class SharedIntake implements Intake {
  constructor(
    private readonly sourcesOf: (tenantId: string) => readonly GroupSource[],
    private readonly deliverer: Deliverer,
    private readonly recovery: GroupRecovery,
  ) {}

  get room(): number {
    return this.deliverer.room;
  }

  owns(): boolean {
    return false;
  }

  /** What others left and what was sent back come first, with a part of the places: new entries may never end. */
  async visit(tenantId: string, { places, scope, resync }: VisitTerms): Promise<Visited> {
    const [journal, redrive] = this.sourcesOf(tenantId);
    if (!journal || !redrive) return { taken: 0 };
    if (resync) for (const source of [journal, redrive]) await this.takeUpOwn(source);
    if (scope === 'news') return this.take(journal, places, 'news');
    const visited: Visited = { taken: 0 };
    if (scope === 'look') {
      const found = await this.recovery.recover([journal, redrive], Math.ceil(places / 2));
      visited.taken = found.claimed;
      visited.more = found.hasMore ? 'look' : undefined;
      visited.againInMs = found.staleInMs;
      visited.isIdle = found.pending === 0;
    }
    for (const [source, most, more] of [
      [redrive, (left: number) => Math.ceil(left / 2), 'all'],
      [journal, (left: number) => left, 'news'],
    ] as const) {
      const one = await this.take(source, most(places - visited.taken), more);
      visited.taken += one.taken;
      visited.more ??= one.more;
      visited.againInMs = soonest(visited.againInMs, one.againInMs);
    }
    return visited;
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

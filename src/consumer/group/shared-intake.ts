import type { Visited, VisitTerms } from '../../stream-consumer/index.js';
import type { Deliverer } from '../delivery/deliverer.js';
import { Delivery } from '../delivery/delivery.js';
import type { GroupRecovery } from './group-recovery.js';
import type { GroupSource } from './group-source.js';
import { type Intake, soonest, together } from './intake.js';

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

  async visit(tenantId: string, { places, scope, resync }: VisitTerms): Promise<Visited> {
    const [journal, ...others] = this.sourcesOf(tenantId);
    if (!journal) return { taken: 0, hasMore: false };
    const sources = scope === 'news' && !resync ? [journal] : [journal, ...others];
    const visits: Visited[] = [];
    let left = places;
    for (const source of sources) {
      const visit = left > 0 ? await this.take(source, left) : { taken: 0, hasMore: true };
      left -= visit.taken;
      visits.push(visit);
    }
    if (resync) for (const source of sources) await this.takeUpOwn(source);
    const visited = together(visits);
    if (scope !== 'look') return visited;
    const found = await this.recovery.recover(sources, left);
    return {
      taken: visited.taken + found.claimed,
      hasMore: visited.hasMore || found.hasMore,
      againInMs: soonest(visited.againInMs, found.staleInMs),
      isIdle: found.pending === 0,
    };
  }

  private async take(source: GroupSource, most: number): Promise<Visited> {
    const { buried, entries, hasMore, nextMs } = await source.take(most);
    this.deliverer.buried(buried);
    await this.deliverer.accept(entries.map(({ entry, begun }) => new Delivery(source, entry, begun)));
    return { taken: entries.length + buried, hasMore, againInMs: nextMs };
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

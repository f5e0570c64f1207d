import type { Deliverer } from './deliverer.js';
import { newDelivery } from './delivery.js';
import type { GroupReader } from './group-reader.js';
import type { GroupRecovery } from './group-recovery.js';
import type { GroupSource } from './group-source.js';
import { OwnershipLostError } from './ownership.js';

const PAGE = 100;

/** Brings a group's entries to where they are handled. One step at a time; a step may wait for something new. */
export interface Intake {
  /** How many more entries may be read. */
  readonly room: number;
  /** Sources that a step may read, of those there are. */
  open(sources: Iterable<GroupSource>): GroupSource[];
  /** Anything thrown means that a reply may be lost, and with it entries that are ours. */
  step(sources: readonly GroupSource[], count: number, blockMs: number): Promise<void>;
  /** Something was thrown: the next step first looks for what was lost. */
  failed(): void;
}

/** For a group whose entries any of its consumers may handle: each waits for its share. */
export class SharedIntake implements Intake {
  private mustResync = false;

  constructor(
    private readonly reader: GroupReader,
    private readonly deliverer: Deliverer,
  ) {}

  get room(): number {
    return this.deliverer.room;
  }

  open(sources: Iterable<GroupSource>): GroupSource[] {
    return [...sources].filter(({ paused }) => !paused);
  }

  async step(sources: readonly GroupSource[], count: number, blockMs: number): Promise<void> {
    if (this.mustResync) {
      for (const source of sources) await this.takeUpOwn(source);
      this.mustResync = false;
    }
    for (const { source, entries } of await this.reader.read(sources, count, blockMs)) {
      await this.deliverer.accept(entries.map((entry) => newDelivery(source, entry)));
    }
  }

  failed(): void {
    this.mustResync = true;
  }

  /** Entries of ours that nobody here works on: their delivery was lost with the connection. */
  private async takeUpOwn(source: GroupSource): Promise<void> {
    const held = new Set<string>();
    for (const delivery of this.deliverer.lanes) if (delivery.source === source) held.add(delivery.entry.id);
    let after = '0';
    for (;;) {
      const entries = await this.reader.readOwn(source, after, PAGE);
      const last = entries.at(-1);
      if (!last) return;
      after = last.id;
      const unknown = entries.filter(({ id }) => !held.has(id));
      const dueTimes = await source.dueTimes(unknown);
      // What waits for its delay is taken up when it is due.
      const lost = unknown.filter((_, i) => dueTimes[i] === undefined);
      await this.deliverer.accept(lost.map((entry) => newDelivery(source, entry)));
    }
  }
}

/**
 * For an ordered group: its owner takes over whatever is pending, in order, and only then reads on. All of it happens
 * here, in one loop, so that nothing newer gets in before something older.
 */
export class OwnedIntake implements Intake {
  private known: readonly GroupSource[] = [];

  constructor(
    /** Most entries to have in hand, those included that wait behind others of their run. */
    private readonly most: number,
    private readonly reader: Pick<GroupReader, 'awaitNews'>,
    private readonly deliverer: Pick<Deliverer, 'accept' | 'forget' | 'lanes'>,
    private readonly recovery: Pick<GroupRecovery, 'takeOver'>,
    private readonly onOwnershipLost: (source: GroupSource) => Promise<void>,
  ) {}

  get room(): number {
    return this.most - this.deliverer.lanes.size;
  }

  open(sources: Iterable<GroupSource>): GroupSource[] {
    this.known = [...sources];
    return this.known.filter(({ paused, fence }) => !paused && fence !== '');
  }

  async step(sources: readonly GroupSource[], count: number, blockMs: number): Promise<void> {
    for (const source of sources) {
      if (source.takenOver !== source.fence) await this.guard(source, () => this.takeOver(source));
    }
    const ready = sources.filter(({ fence, takenOver }) => fence !== '' && fence === takenOver);
    if (ready.length === 0) return;
    for (const source of await this.reader.awaitNews(ready, blockMs)) {
      await this.guard(source, () => this.readOn(source, count));
    }
  }

  failed(): void {
    for (const source of this.known) source.takenOver = '';
  }

  /** The group may be lost and regained at any moment: then what was pending is to be taken over first, once more. */
  private async readOn(source: GroupSource, count: number): Promise<void> {
    const fence = source.takenOver;
    const entries = await source.readOwned(count, fence);
    if (source.fence !== fence) throw new OwnershipLostError();
    await this.deliverer.accept(entries.map((entry) => newDelivery(source, entry)));
  }

  private async takeOver(source: GroupSource): Promise<void> {
    const { fence } = source;
    this.deliverer.forget(source);
    await this.recovery.takeOver(source, fence);
    if (source.fence !== fence) throw new OwnershipLostError();
    // The group may have been sent back.
    source.tip = '0-0';
    source.takenOver = fence;
  }

  private async guard(source: GroupSource, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof OwnershipLostError)) throw error;
      await this.onOwnershipLost(source);
    }
  }
}

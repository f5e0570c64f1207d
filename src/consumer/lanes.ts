/**
 * Entries that were read and are to be handled, in lanes: within a lane one after the other, lanes side by side. An
 * unordered group has a lane for each entry, an ordered one a lane for each run.
 */
export class Lanes<Entry> {
  private readonly lanes = new Map<string, { queue: Entry[]; busy: boolean }>();
  private readonly ready = new Set<string>();
  private readonly counts = new Map<string, number>();
  private count = 0;

  constructor(
    private readonly laneOf: (entry: Entry) => string,
    /** Whose entry it is. */
    private readonly tenantOf: (entry: Entry) => string,
    /** Called with an entry that comes, and one that goes. */
    private readonly onHeld: (entry: Entry, count: 1 | -1) => void = () => undefined,
  ) {}

  /** Entries in all lanes, those that are being handled included. */
  get size(): number {
    return this.count;
  }

  /** Of one tenant. */
  sizeOf(tenantId: string): number {
    return this.counts.get(tenantId) ?? 0;
  }

  *[Symbol.iterator](): Generator<Entry> {
    for (const { queue } of this.lanes.values()) yield* queue;
  }

  push(entry: Entry): void {
    const key = this.laneOf(entry);
    let lane = this.lanes.get(key);
    if (!lane) this.lanes.set(key, (lane = { queue: [], busy: false }));
    lane.queue.push(entry);
    this.add(entry, 1);
    if (!lane.busy) this.ready.add(key);
  }

  /** The first entries of up to `most` lanes that are free; these lanes are busy until `done()` or `again()`. */
  take(most: number): Entry[] {
    const taken: Entry[] = [];
    for (const key of this.ready) {
      if (taken.length >= most) break;
      const lane = this.lanes.get(key);
      const entry = lane?.queue[0];
      this.ready.delete(key);
      if (!lane || entry === undefined) continue;
      lane.busy = true;
      taken.push(entry);
    }
    return taken;
  }

  /** The first entry of its lane is settled: the next may come. */
  done(entry: Entry): void {
    const key = this.laneOf(entry);
    const lane = this.lanes.get(key);
    if (lane?.queue[0] !== entry) return;
    lane.queue.shift();
    lane.busy = false;
    this.add(entry, -1);
    if (lane.queue.length === 0) this.lanes.delete(key);
    else this.ready.add(key);
  }

  /** The first entry of its lane is to be taken once more. */
  again(entry: Entry): void {
    const key = this.laneOf(entry);
    const lane = this.lanes.get(key);
    if (lane?.queue[0] !== entry) return;
    lane.busy = false;
    this.ready.add(key);
  }

  /** Removes entries that nobody is handling and gives them out. */
  drain(belongs: (entry: Entry) => boolean = () => true): Entry[] {
    const removed: Entry[] = [];
    for (const [key, lane] of this.lanes) {
      const kept = lane.queue.filter((entry, i) => (lane.busy && i === 0) || !belongs(entry));
      if (kept.length === lane.queue.length) continue;
      for (const entry of lane.queue) {
        if (kept.includes(entry)) continue;
        removed.push(entry);
        this.add(entry, -1);
      }
      lane.queue = kept;
      if (kept.length > 0) continue;
      this.lanes.delete(key);
      this.ready.delete(key);
    }
    return removed;
  }

  private add(entry: Entry, n: 1 | -1): void {
    this.count += n;
    this.onHeld(entry, n);
    const tenantId = this.tenantOf(entry);
    const left = (this.counts.get(tenantId) ?? 0) + n;
    if (left === 0) this.counts.delete(tenantId);
    else this.counts.set(tenantId, left);
  }
}

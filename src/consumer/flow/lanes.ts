/**
 * Items that are to be worked on, in lanes: within a lane one after the other, lanes side by side. The first of a lane is
 * at work.
 */
export class Lanes<Item> {
  private readonly lanes = new Map<string, Item[]>();

  has(name: string): boolean {
    return this.lanes.has(name);
  }

  /** Puts an item at the end of its lane, and tells whether it is the first. */
  push(name: string, item: Item): boolean {
    const lane = this.lanes.get(name);
    if (lane) lane.push(item);
    else this.lanes.set(name, [item]);
    return !lane;
  }

  /** The first item is done: the one that comes next, if any. */
  next(name: string): Item | undefined {
    const lane = this.lanes.get(name);
    lane?.shift();
    if (lane?.length === 0) this.lanes.delete(name);
    return lane?.[0];
  }

  /** Removes and returns what waits behind the first `kept` items of a lane; at least one is kept. */
  cut(name: string, kept: number): Item[] {
    return this.lanes.get(name)?.splice(Math.max(kept, 1)) ?? [];
  }

  /** The first of each lane. */
  *firsts(): Generator<Item> {
    for (const [first] of this.lanes.values()) if (first !== undefined) yield first;
  }

  /** Removes what waits in lanes and is not wanted any more. */
  drop(isGone: (item: Item) => boolean): void {
    for (const lane of this.lanes.values()) {
      const [first, ...waiting] = lane;
      const kept = waiting.filter((item) => !isGone(item));
      if (first !== undefined && kept.length < waiting.length) lane.splice(0, lane.length, first, ...kept);
    }
  }
}

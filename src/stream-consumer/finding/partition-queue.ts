import type { Partition } from '../buckets.js';

/**
 * How far a visit looks. `news`: for what came just now, as a signal said. `all`: for all that may be taken. `look`: also
 * for what others have left, and whether anything is pending at all.
 */
export type Scope = 'news' | 'all' | 'look';
const WIDTH: Readonly<Record<Scope, number>> = { news: 0, all: 1, look: 2 };

/** Why a partition is visited. */
export interface VisitReason {
  scope: Scope;
  /** Another process, whose it is, has more to do than it can. */
  helping: boolean;
}

/** Partitions that wait for a visit, each once, in turn. */
export class PartitionQueue {
  private readonly waiting = new Map<Partition, VisitReason>();

  get size(): number {
    return this.waiting.size;
  }

  [Symbol.iterator](): IterableIterator<[Partition, VisitReason]> {
    return this.waiting.entries();
  }

  add(partition: Partition, reason: VisitReason): void {
    const known = this.waiting.get(partition);
    this.waiting.set(partition, known ? merge(known, reason) : reason);
  }

  /** The first that may have places, and how many; what is passed over keeps its turn. */
  next(
    placesOf: (partition: Partition) => number,
  ): { partition: Partition; reason: VisitReason; places: number } | undefined {
    for (const [partition, reason] of this.waiting) {
      const places = placesOf(partition);
      if (places <= 0) continue;
      this.waiting.delete(partition);
      return { partition, reason, places };
    }
    return undefined;
  }

  clear(): void {
    this.waiting.clear();
  }
}

export function merge(a: VisitReason, b: VisitReason): VisitReason {
  return { scope: WIDTH[a.scope] > WIDTH[b.scope] ? a.scope : b.scope, helping: a.helping && b.helping };
}

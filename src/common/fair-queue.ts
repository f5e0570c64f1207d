/**
 * A queue that is fair in what its items cost: first among the first parts of their keys, then among the second, and so
 * on; within a whole key the order is that of coming. Who has had least comes next, so whoever puts in much, or what is
 * dear, waits behind himself and not before the others. What an item costs is said once it is known (start-time fair
 * queueing, Goyal, Vin and Cheng 1996).
 */
export class FairQueue<Item> {
  private readonly root = new Branch<Item>();

  get size(): number {
    return this.root.size;
  }

  /** @returns a function that takes the item out again */
  put(key: readonly string[], item: Item): () => void {
    this.root.put(key, item);
    return () => {
      this.root.remove(key, item);
    };
  }

  /** The item that take() would give. */
  peek(): Item | undefined {
    return this.root.peek();
  }

  /** The next item; undefined when there is none. */
  take(): Item | undefined {
    return this.root.take();
  }

  /** Counts what an item of this key has cost. Who waits for nothing any more begins anew, with no more than others. */
  charge(key: readonly string[], cost: number): void {
    this.root.charge(key, cost);
  }
}

class Branch<Item> {
  size = 0;
  private readonly items = new Set<Item>();
  /** Of equals the first has waited longest. */
  private readonly branches = new Map<string, Branch<Item>>();
  /** What its items have cost, on the scale of its siblings. */
  private spent = 0;
  /** Where those begin who come: what the last had spent whose turn it was. */
  private start = 0;

  put([first, ...rest]: readonly string[], item: Item): void {
    this.size++;
    if (first === undefined) {
      this.items.add(item);
      return;
    }
    let branch = this.branches.get(first);
    if (!branch) {
      this.branches.set(first, (branch = new Branch()));
      branch.spent = this.start;
    }
    branch.put(rest, item);
  }

  take(): Item | undefined {
    for (const item of this.items) {
      this.items.delete(item);
      this.size--;
      return item;
    }
    const next = this.next();
    if (!next) return undefined;
    const [name, branch] = next;
    this.start = branch.spent;
    const item = branch.take();
    this.branches.delete(name);
    if (branch.size > 0) this.branches.set(name, branch);
    this.size--;
    return item;
  }

  peek(): Item | undefined {
    for (const item of this.items) return item;
    return this.next()?.[1].peek();
  }

  private next(): [name: string, branch: Branch<Item>] | undefined {
    let next: [name: string, branch: Branch<Item>] | undefined;
    for (const one of this.branches) if (!next || one[1].spent < next[1].spent) next = one;
    return next;
  }

  charge([first, ...rest]: readonly string[], cost: number): void {
    const branch = first === undefined ? undefined : this.branches.get(first);
    if (!branch) return;
    branch.spent += cost;
    branch.charge(rest, cost);
  }

  remove([first, ...rest]: readonly string[], item: Item): boolean {
    const branch = first === undefined ? undefined : this.branches.get(first);
    const isRemoved = first === undefined ? this.items.delete(item) : (branch?.remove(rest, item) ?? false);
    if (isRemoved) this.size--;
    if (first !== undefined && branch?.size === 0) this.branches.delete(first);
    return isRemoved;
  }
}

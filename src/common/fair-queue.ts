/**
 * A queue that takes turns: first among the first parts of its keys, then among the second, and so on; within a whole
 * key the order is that of coming. So whoever puts in much waits behind himself and not before the others.
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

  /** The next item; undefined when there is none. */
  take(): Item | undefined {
    return this.root.take();
  }
}

class Branch<Item> {
  size = 0;
  private readonly items = new Set<Item>();
  /** In the order of their turns. */
  private readonly branches = new Map<string, Branch<Item>>();

  put([first, ...rest]: readonly string[], item: Item): void {
    this.size++;
    if (first === undefined) {
      this.items.add(item);
      return;
    }
    let branch = this.branches.get(first);
    if (!branch) this.branches.set(first, (branch = new Branch()));
    branch.put(rest, item);
  }

  take(): Item | undefined {
    for (const item of this.items) {
      this.items.delete(item);
      this.size--;
      return item;
    }
    for (const [name, branch] of this.branches) {
      const item = branch.take();
      this.branches.delete(name);
      if (branch.size > 0) this.branches.set(name, branch);
      if (item !== undefined) this.size--;
      return item;
    }
    return undefined;
  }

  remove([first, ...rest]: readonly string[], item: Item): boolean {
    const branch = first === undefined ? undefined : this.branches.get(first);
    const isRemoved = first === undefined ? this.items.delete(item) : (branch?.remove(rest, item) ?? false);
    if (isRemoved) this.size--;
    if (first !== undefined && branch?.size === 0) this.branches.delete(first);
    return isRemoved;
  }
}

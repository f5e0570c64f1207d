interface Waiting<Item, Result> {
  item: Item;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/** Does many small things together: all that come in one turn of the event loop, or while the last batch is under way. */
export class Gathered<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private isBusy = false;

  constructor(
    /** Answers in the order of the items. What it throws, each of them gets. */
    private readonly doAll: (items: Item[]) => Promise<readonly Result[]>,
    /** How many of those that wait are done together: at least one. */
    private readonly sizeOf: (items: readonly { readonly item: Item }[]) => number,
  ) {}

  do(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.isBusy) return;
      this.isBusy = true;
      setImmediate(() => void this.flush());
    });
  }

  private async flush(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.sizeOf(this.waiting));
      try {
        const results = await this.doAll(batch.map(({ item }) => item));
        for (const [i, { resolve }] of batch.entries()) resolve(results[i] as Result);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.isBusy = false;
  }
}

export interface Range {
  from: number;
  /** The last one that is in it. */
  to: number;
}

/** Which numbers there are, in a few words however many they are. */
export class Ranges {
  /** In order, with at least one number between two. */
  private readonly list: Range[] = [];
  private total = 0;

  get count(): number {
    return this.total;
  }

  /** The lowest number; undefined without any. */
  get first(): number | undefined {
    return this.list[0]?.from;
  }

  /** The highest number; undefined without any. */
  get last(): number | undefined {
    return this.list.at(-1)?.to;
  }

  has(number: number): boolean {
    const { list } = this;
    let [low, high] = [0, list.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const range = list[middle];
      if (!range || number < range.from) high = middle - 1;
      else if (number > range.to) low = middle + 1;
      else return true;
    }
    return false;
  }

  /** @returns false when it was there */
  add(number: number): boolean {
    if (this.has(number)) return false;
    this.total++;
    const last = this.list.at(-1);
    // Nearly always: the next one, or the one before all.
    if (last?.to === number - 1) {
      last.to = number;
      return true;
    }
    const at = this.list.findIndex(({ from }) => from > number);
    const next = at < 0 ? undefined : this.list[at];
    const before = at < 0 ? last : this.list[at - 1];
    const joinsBefore = before?.to === number - 1;
    if (next?.from === number + 1) {
      next.from = joinsBefore ? before.from : number;
      if (joinsBefore) this.list.splice(at - 1, 1);
    } else if (joinsBefore) before.to = number;
    else this.list.splice(at < 0 ? this.list.length : at, 0, { from: number, to: number });
    return true;
  }

  /** What there is not, from one number to another. */
  missing(from: number, to: number): Range[] {
    const missing: Range[] = [];
    let next = from;
    for (const range of this.list) {
      if (range.to < next) continue;
      if (range.from > to) break;
      if (range.from > next) missing.push({ from: next, to: range.from - 1 });
      next = range.to + 1;
    }
    if (next <= to) missing.push({ from: next, to });
    return missing;
  }

  clear(): void {
    this.list.length = 0;
    this.total = 0;
  }
}

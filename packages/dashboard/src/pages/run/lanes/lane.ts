/** What an agent said in a piece of time. */
export interface Bucket {
  count: number;
  /** The sequence of its first event, and of its first error. */
  first: number;
  error: number | undefined;
}

/** What an agent said over time, by the number of the piece. */
export class Lane {
  count = 0;
  errors = 0;
  /** The sequence of its first event. */
  first = Infinity;
  firstMs = Infinity;
  lastMs = -Infinity;
  buckets = new Map<number, Bucket>();

  /** @param agent undefined: the run itself, or several agents */
  constructor(readonly agent: string | undefined) {}

  add(index: number, sequence: number, atMs: number, isError: boolean): void {
    this.count++;
    if (isError) this.errors++;
    this.first = Math.min(this.first, sequence);
    this.firstMs = Math.min(this.firstMs, atMs);
    this.lastMs = Math.max(this.lastMs, atMs);
    this.put(index, { count: 1, first: sequence, error: isError ? sequence : undefined });
  }

  /** Adds what another one holds. */
  join(other: Lane): void {
    this.count += other.count;
    this.errors += other.errors;
    this.first = Math.min(this.first, other.first);
    this.firstMs = Math.min(this.firstMs, other.firstMs);
    this.lastMs = Math.max(this.lastMs, other.lastMs);
    for (const [index, bucket] of other.buckets) this.put(index, { ...bucket });
  }

  /** Two pieces of time become one. */
  halve(): void {
    const before = this.buckets;
    this.buckets = new Map();
    for (const [index, bucket] of before) this.put(Math.floor(index / 2), bucket);
  }

  /** The piece with something in it that is nearest to another one. */
  nearest(to: number): Bucket | undefined {
    let found: number | undefined;
    for (const index of this.buckets.keys())
      if (found === undefined || Math.abs(index - to) < Math.abs(found - to)) found = index;
    return found === undefined ? undefined : this.buckets.get(found);
  }

  private put(index: number, bucket: Bucket): void {
    const old = this.buckets.get(index);
    if (!old) {
      this.buckets.set(index, bucket);
      return;
    }
    old.count += bucket.count;
    old.first = Math.min(old.first, bucket.first);
    if (bucket.error !== undefined) old.error = Math.min(old.error ?? Infinity, bucket.error);
  }
}

/** Times in milliseconds, and what of them matters. */
export class Latencies {
  private readonly samples: number[] = [];

  add(ms: number): void {
    this.samples.push(ms);
  }

  get count(): number {
    return this.samples.length;
  }

  /** The columns of a table. */
  summary(): { 'p50 ms': number; 'p95 ms': number; 'p99 ms': number; 'max ms': number } {
    const sorted = Float64Array.from(this.samples).sort();
    // The nearest rank: a time that was really measured.
    const at = (share: number): number =>
      round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN);
    return { 'p50 ms': at(0.5), 'p95 ms': at(0.95), 'p99 ms': at(0.99), 'max ms': at(1) };
  }
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

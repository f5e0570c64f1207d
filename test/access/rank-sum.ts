/** How two samples differ in their ranks (Mann-Whitney): nothing is assumed of how times are distributed. */
export interface Comparison {
  /** How often a value of the first exceeds one of the second: 0.5 when they are alike. */
  exceeds: number;
  /** The rank sum in standard deviations from what alike samples give. */
  z: number;
}

export function compare(first: readonly number[], second: readonly number[]): Comparison {
  const all = [...first.map((value) => ({ value, of: 1 })), ...second.map((value) => ({ value, of: 0 }))];
  all.sort((a, b) => a.value - b.value);
  let rankSum = 0;
  for (let start = 0; start < all.length;) {
    let end = start;
    while (end < all.length && all[end]!.value === all[start]!.value) end++;
    // Equal values share the mean of their ranks.
    for (let i = start; i < end; i++) rankSum += all[i]!.of * ((start + 1 + end) / 2);
    start = end;
  }
  const [n, m] = [first.length, second.length];
  const u = rankSum - (n * (n + 1)) / 2;
  return { exceeds: u / (n * m), z: (u - (n * m) / 2) / Math.sqrt((n * m * (n + m + 1)) / 12) };
}

/** The smallest constant difference that would have been told from chance, in steps of 1. */
export function detectable(
  first: readonly number[],
  second: readonly number[],
  bound: number,
  most: number,
): number {
  const centred = median(first) - median(second);
  for (let shift = 1; shift <= most; shift++) {
    const moved = first.map((value) => value - centred + shift);
    if (compare(moved, second).z > bound) return shift;
  }
  return most;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

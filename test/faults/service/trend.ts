/** How a number developed over a time. */
export interface Trend {
  min: number;
  max: number;
  last: number;
  /** Medians of the first and of the last third. */
  first: number;
  final: number;
  /** Of the straight line through the second half, by minute: the beginning warms up. */
  slopePerMinute: number;
}

/** @param samples by time, in seconds */
export function trendOf(samples: readonly { at: number; value: number }[]): Trend {
  const values = samples.map(({ value }) => value);
  const third = Math.max(1, Math.floor(values.length / 3));
  return {
    min: Math.min(...values),
    max: Math.max(...values),
    last: values.at(-1) ?? NaN,
    first: medianOf(values.slice(0, third)),
    final: medianOf(values.slice(-third)),
    slopePerMinute: slopeOf(samples.slice(Math.floor(samples.length / 2))) * 60,
  };
}

/** Whether the last third is where the first was: a fifth more, and so much, is taken for noise. */
export function isFlat({ first, final }: Trend, allowance: number): boolean {
  return final <= first * 1.2 + allowance;
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** Least squares. */
function slopeOf(samples: readonly { at: number; value: number }[]): number {
  const count = samples.length;
  const meanAt = samples.reduce((sum, { at }) => sum + at, 0) / count;
  const mean = samples.reduce((sum, { value }) => sum + value, 0) / count;
  let [over, under] = [0, 0];
  for (const { at, value } of samples) {
    over += (at - meanAt) * (value - mean);
    under += (at - meanAt) ** 2;
  }
  return under === 0 ? 0 : over / under;
}

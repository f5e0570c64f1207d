import type { Row } from '../bench.js';
import { median, round } from './latencies.js';

/**
 * Measures each contender once per round, one right after the other, so that whatever else the machine does meets all
 * of them. The order turns with each round; a round before the first is not counted.
 */
export async function pairedRounds<Sample>(
  contenders: readonly string[],
  rounds: number,
  measure: (contender: string, round: number) => Promise<Sample>,
): Promise<Record<string, Sample>[]> {
  const samples: Record<string, Sample>[] = [];
  for (let n = 0; n <= rounds; n++) {
    const samplesOfRound: Record<string, Sample> = {};
    for (let i = 0; i < contenders.length; i++) {
      const contender = contenders[(i + n) % contenders.length]!;
      samplesOfRound[contender] = await measure(contender, n);
    }
    if (n > 0) samples.push(samplesOfRound);
  }
  return samples;
}

/** The median of the ratios that were taken within each round. */
export function pairedRatio<Sample>(
  rounds: readonly Record<string, Sample>[],
  of: (sample: Sample) => number,
  contender: string,
  other: string,
): number {
  return round(median(rounds.map((one) => of(one[contender]!) / of(one[other]!))));
}

/** Columns of a table: median and spread. */
export function spread(values: readonly number[], name: string): Row {
  const digits = Math.max(...values) < 100 ? round : Math.round;
  return {
    [name]: digits(median(values)),
    lowest: digits(Math.min(...values)),
    highest: digits(Math.max(...values)),
  };
}

import type { Range } from '../../../store/run/ranges.js';
import type { Lane } from './lane.js';
import type { Lanes } from './lanes.js';

/** More would be one dark bar. */
const MAX_GAPS = 50;
/** The height of a lane, in units of the picture. */
export const LANE_UNITS = 20;
/** The least height of what is there. */
const LEAST = 5;

/** As paths of an SVG: `d` of what one agent said, and of where it went wrong. A piece of time is a unit wide. */
export interface LaneMarks {
  said: string;
  errors: string;
}

/** How one lane is drawn: bars, higher for more events. */
export function marksOf(lane: Lane, { from, to }: Lanes, most: number): LaneMarks {
  const width = leastWidth(from, to);
  let [said, errors] = ['', ''];
  for (const [index, { count, error }] of lane.buckets) {
    const height = Math.round(LEAST + (LANE_UNITS - 2 - LEAST) * Math.sqrt(count / most));
    said += `M${index - from} ${LANE_UNITS}h${width}v${-height}h${-width}z`;
    if (error !== undefined) errors += `M${index - from} 1h${width}v${LANE_UNITS}h${-width}z`;
  }
  return { said, errors };
}

/** Where nothing was said, over all lanes. */
export function silentMarks({ silences, from, bucketMs }: Lanes, height: number): string {
  let marks = '';
  for (const { fromMs, toMs } of silences)
    marks += `M${(fromMs / bucketMs - from).toFixed(1)} 0H${(toMs / bucketMs - from).toFixed(1)}v${height}H${(fromMs / bucketMs - from).toFixed(1)}z`;
  return marks;
}

/** Where events are missing: in front of the first one behind them. */
export function gapMarks(lanes: Lanes, missing: readonly Range[], height: number): string {
  const { from, to, all } = lanes;
  const width = leastWidth(from, to);
  const buckets = [...all.buckets].sort(([a], [b]) => a - b);
  let marks = '';
  for (const gap of missing.slice(0, MAX_GAPS)) {
    const [index] = buckets.find(([, { first }]) => first > gap.to) ?? [to + 1 - width];
    marks += `M${index - from} 0h${width}v${height}h${-width}z`;
  }
  return marks;
}

/** So that also one of 600 pieces is seen. */
const leastWidth = (from: number, to: number): number => Math.max(1, Math.ceil((to - from + 1) / 300));

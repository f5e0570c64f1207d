import { randomBytes } from 'node:crypto';
import { RunNotFoundError } from '../../../common/index.js';

/** Crockford's base 32, in lower case: no i, l, o, u, and its order is that of the bytes. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_LENGTH = 10;
const RANDOM_LENGTH = 16;
/** What newRunId() makes. */
export const RUN_ID_PATTERN = /^r(0|[1-9][0-9]{0,4})_[0-9a-hjkmnp-tv-z]{26}$/;

let lastMs = 0;
let lastRandom: number[] = [];

/**
 * A new run id, `r<partition>_<time><random>`: ids sort by the time of their making, also within one millisecond
 * of one process.
 */
export function newRunId(partition = 0, now = Date.now()): string {
  if (now > lastMs) {
    lastMs = now;
    lastRandom = [...randomBytes(RANDOM_LENGTH)].map((byte) => byte % 32);
  } else {
    increment(lastRandom);
  }
  return `${firstIdOf(partition, lastMs)}${lastRandom.map((digit) => ALPHABET.charAt(digit)).join('')}`;
}

/** What every id of this time or later is not before, in the order of their bytes. @param ms since 1970 */
export function firstIdOf(partition: number, ms: number): string {
  let time = '';
  for (let rest = Math.max(0, ms), i = 0; i < TIME_LENGTH; i++, rest = Math.floor(rest / 32)) {
    time = ALPHABET.charAt(rest % 32) + time;
  }
  return `r${partition}_${time}`;
}

/** Where an id, of whatever partition, would stand among those of this one. */
export function idInPartition(runId: string, partition: number): string {
  return `r${partition}${runId.slice(runId.indexOf('_'))}`;
}

/**
 * The partition that a run lives in; it is part of the id, so that the number of partitions can be raised while
 * old runs stay where they are.
 *
 * @throws RunNotFoundError for anything that newRunId() never made
 */
export function partitionOfRun(runId: string): number {
  const match = RUN_ID_PATTERN.exec(runId);
  if (!match) throw new RunNotFoundError();
  return Number(match[1]);
}

function increment(digits: number[]): void {
  for (let i = digits.length - 1; i >= 0; i--) {
    const next = ((digits[i] ?? 0) + 1) % 32;
    digits[i] = next;
    if (next !== 0) return;
  }
}

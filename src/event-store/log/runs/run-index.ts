import type { PartitionKeys } from '../keys.js';
import { firstIdOf } from './run-id.js';

/** What stands between key and id in the index of keys (keyed.lua). No key of a run holds it. */
const SEPARATOR = '\0';
const AFTER_SEPARATOR = '\x01';

/** The part of an index that is read, newest first: what ZREVRANGEBYLEX takes, and what it brings. */
export interface RunRange {
  index: string;
  max: string;
  min: string;
  idOf: (member: string) => string;
}

/**
 * Where a tenant's runs are listed from: all of them, or those of one key. Neither index has scores, so that the order
 * is that of the members' bytes, and ids sort by time.
 *
 * @param before only runs that are older than this id
 * @param sinceMs only runs whose id was made then or later
 */
export function runRange(
  partition: PartitionKeys,
  key: string | undefined,
  before: string | undefined,
  sinceMs: number | undefined,
): RunRange {
  const first = sinceMs === undefined ? undefined : firstIdOf(0, sinceMs);
  if (key === undefined) {
    return {
      index: partition.runs,
      max: before ? `(${before}` : '+',
      min: first === undefined ? '-' : `[${first}`,
      idOf: (id) => id,
    };
  }
  return {
    index: partition.keyed,
    max: before ? `(${key}${SEPARATOR}${before}` : `(${key}${AFTER_SEPARATOR}`,
    min: `(${key}${SEPARATOR}${first ?? ''}`,
    idOf: idOfKeyed,
  };
}

/** The run that a member of the index of keys stands for. */
export function idOfKeyed(member: string): string {
  return member.slice(member.lastIndexOf(SEPARATOR) + 1);
}

import type { RedisClient } from '../../../redis/index.js';
import type { RunStatus } from '../../../events/index.js';
import type { PartitionKeys } from '../keys.js';
import { SCRIPTS } from '../../scripts.js';
import { firstIdOf, idInPartition } from './run-id.js';

/** What stands between a term and an id in the index of runs (run-terms.lua). No term holds it. */
const SEPARATOR = '\0';
const AFTER_SEPARATOR = '\x01';

/** While an executor has a run it stands under this as well. */
export const HELD_TERM = 'h';

/** What a run is found by: its terms. They are as run-terms.lua and fixed-terms.lua write them. */
export const termOf = {
  status: (status: RunStatus) => `s${status}`,
  executor: (executor: string) => `x${executor}`,
  key: (key: string) => `k${key}`,
  label: (name: string, value: string) =>
    `l${name}:${value.replace(/[\0\x01]/g, (char) => (char === SEPARATOR ? '\x01\x01' : '\x01\x02'))}`,
};

/** A run under one of its terms. */
export function indexMember(term: string, id: string): string {
  return `${term}${SEPARATOR}${id}`;
}

/** The run that a member of the index stands for. */
export function idOfMember(member: string): string {
  return member.slice(member.lastIndexOf(SEPARATOR) + 1);
}

/** All members of a term, as ZRANGEBYLEX and ZLEXCOUNT take them. @param after only those of runs after this one */
export function rangeOfTerm(term: string, after?: string): [min: string, max: string] {
  return [
    after === undefined ? `[${term}${SEPARATOR}` : `(${indexMember(term, after)}`,
    `(${term}${AFTER_SEPARATOR}`,
  ];
}

/** Of each of these a run must have one term. */
export type Conditions = readonly (readonly string[])[];

/** Which runs of one partition are looked for. */
export interface RunSearch {
  keys: PartitionKeys;
  partition: number;
  /** None: all runs. */
  conditions: Conditions;
  /** Only runs that are older than this one, of whatever partition. */
  before?: string | undefined;
  /** Only runs whose id was made then or later, in ms since 1970. */
  sinceMs?: number | undefined;
}

/** Ids, newest first, behind the last one that was looked at, which is where to go on: '' when there are no more. */
export type FoundRuns = [next: string, ...ids: string[]];

/** Most runs of one condition that one call compares with the others. */
const LOOKED_AT = 1000;

/** Finds up to `most` runs. It looks at a bounded number: there may be fewer than asked for, or none, and still more. */
export function findRuns(redis: RedisClient, search: RunSearch, most: number): Promise<FoundRuns> {
  const { keys, partition, conditions, before, sinceMs } = search;
  return SCRIPTS.findRuns.run(
    redis,
    [keys.runs, keys.index],
    [
      before === undefined ? '' : idInPartition(before, partition),
      sinceMs === undefined ? '' : firstIdOf(partition, sinceMs),
      most,
      LOOKED_AT,
      ...conditions.flatMap((terms) => [terms.length, ...terms]),
    ],
  ) as Promise<FoundRuns>;
}

import type { RedisClient } from '../../../redis/index.js';
import { SCRIPTS } from '../../scripts.js';
import { readRunRecord, type RunRecord } from './run-record.js';

/** What one reply of Redis may bring. */
export const READ_BYTES = 256 * 1024;

export type RunsReply = [bytes: number, ...records: string[][]];

/** As many of the runs as fit into one reply, one at least, without values that are larger than `largestValue` bytes. */
export function readRuns(
  redis: RedisClient,
  keys: readonly string[],
  largestValue: number,
): Promise<RunsReply> {
  return SCRIPTS.readRuns.run(redis, keys, [READ_BYTES, largestValue]) as Promise<RunsReply>;
}

/** The records of a reply; undefined for a run that is gone. */
export function readRecords(
  tenantId: string,
  [bytes, ...records]: RunsReply,
): { bytes: number; records: (RunRecord | undefined)[] } {
  return {
    bytes,
    records: records.map((fields) => (fields.length > 0 ? readRunRecord(tenantId, fields) : undefined)),
  };
}

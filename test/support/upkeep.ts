import { bucketOf, partitionOf } from '../../src/stream-consumer/buckets.js';
import { type UpkeepTask, WORK_KEYS } from '../../src/stream-consumer/work-keys.js';

/** The keys of one kind of upkeep, in processes that serve all tenants. */
export const upkeepKeys = (task: UpkeepTask) => ({
  /** Held by the process that has the round. */
  turn: WORK_KEYS.upkeepTurn(task),
  /** Where the walk through all tenants has come to: it is written in each round of a process but the first. */
  walk: WORK_KEYS.upkeepWalk(task),
  /** Where the tenant's partition is, by when to look. */
  indexOf: (tenantId: string) => WORK_KEYS.upkeep(task, bucketOf(partitionOf(tenantId))),
});

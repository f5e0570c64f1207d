import { Injectable } from '@nestjs/common';
import { RUN_STATUSES, type RunStatus } from '../../../events/index.js';
import { BulkReads, LIVE, type ReadFor, redisCall, RedisConnections } from '../../../redis/index.js';
import { EventStore } from '../event-store.js';

/** The newest runs, which are all that is looked at. */
const MOST_RUNS = 2000;
const PAGE = 500;
/** What a run costs to be looked at, more or less. */
const RUN_BYTES = 100;

/** How the runs of a tenant stand. */
export interface RunCounts {
  /** Runs that stand like this now; of those that have ended, since `sinceMs` only. */
  counts: Record<RunStatus, number>;
  /** Whether there are no older runs than those that were looked at. */
  isComplete: boolean;
}

/** Counts runs. Every method throws RedisUnavailableError when Redis can't answer. */
@Injectable()
export class RunCounter {
  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly bulk: BulkReads,
  ) {}

  /** Looks at the newest 2000 runs. @param sinceMs since when runs that have ended are counted, in ms since 1970 */
  async count(tenantId: string, sinceMs: number, reader: ReadFor = LIVE): Promise<RunCounts> {
    const { runs } = this.store.keys.partition(tenantId, 0);
    const ids = await redisCall(
      this.redis.commands.zrevrangebylex(runs, '+', '-', 'LIMIT', 0, MOST_RUNS + 1),
    );
    const counts = Object.fromEntries(RUN_STATUSES.map((status) => [status, 0])) as RunCounts['counts'];
    for (let i = 0; i < Math.min(ids.length, MOST_RUNS); i += PAGE) {
      const keys = ids.slice(i, i + PAGE).map((id) => this.store.keys.run(tenantId, id).run);
      const records = await this.bulk.run({ ...reader, tenantId }, keys.length * RUN_BYTES, (connection) =>
        connection.pipeline(keys.map((key) => ['hmget', key, 'status', 'completed_at'])).exec(),
      );
      for (const [, record] of records ?? []) {
        const [status, endedAt] = (record ?? []) as (string | null)[];
        const isOld = endedAt != null && Number(endedAt) < sinceMs;
        if (status != null && status in counts && !isOld) counts[status as RunStatus]++;
      }
    }
    return { counts, isComplete: ids.length <= MOST_RUNS };
  }
}

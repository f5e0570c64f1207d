import { Injectable } from '@nestjs/common';
import { RUN_STATUSES, type RunStatus } from '../../../events/index.js';
import { BulkReads, LIVE, type ReadFor, redisCall, RedisConnections } from '../../../redis/index.js';
import { EventStore } from '../event-store.js';
import { findRuns, rangeOfTerm, termOf } from './run-index.js';

/** Of runs of a partition that have ended the newest, which are all that is looked at. */
const MOST_ENDED = 2000;
const PAGE = 500;
/** What a run costs to be looked at, more or less. */
const RUN_BYTES = 100;

const UNENDED: readonly RunStatus[] = ['pending', 'running'];
const ENDED = RUN_STATUSES.filter((status) => !UNENDED.includes(status));

/** How the runs of a tenant stand. */
export interface RunCounts {
  /** Runs that stand like this now; of those that have ended, since `sinceMs` only, and among the newest 2000 of them. */
  counts: Record<RunStatus, number>;
  /** Whether no more than these have ended. */
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

  /** Of runs that have ended it looks at the newest 2000 of each partition. @param sinceMs since when these are counted, in ms since 1970 */
  async count(tenantId: string, sinceMs: number, reader: ReadFor = LIVE): Promise<RunCounts> {
    const all = await Promise.all(
      this.store.partitions.of(tenantId).map((number) => this.countIn(tenantId, number, sinceMs, reader)),
    );
    return {
      counts: Object.fromEntries(
        RUN_STATUSES.map((status) => [status, all.reduce((sum, { counts }) => sum + counts[status], 0)]),
      ) as RunCounts['counts'],
      isComplete: all.every(({ isComplete }) => isComplete),
    };
  }

  private async countIn(
    tenantId: string,
    partition: number,
    sinceMs: number,
    reader: ReadFor,
  ): Promise<RunCounts> {
    const keys = this.store.keys.partition(tenantId, partition);
    const counts = Object.fromEntries(RUN_STATUSES.map((status) => [status, 0])) as RunCounts['counts'];
    await Promise.all(
      UNENDED.map(async (status) => {
        counts[status] = await redisCall(
          this.redis.commands.zlexcount(keys.index, ...rangeOfTerm(termOf.status(status))),
        );
      }),
    );
    const conditions = [ENDED.map(termOf.status)];
    let before: string | undefined;
    for (let seen = 0; seen < MOST_ENDED; seen += PAGE) {
      const search = { keys, partition, conditions, before };
      const [next, ...ids] = await findRuns(this.redis.commands, search, PAGE);
      await this.countEnded(tenantId, ids, sinceMs, counts, reader);
      if (next === '') return { counts, isComplete: true };
      before = next;
    }
    const [, ...more] = await findRuns(this.redis.commands, { keys, partition, conditions, before }, 1);
    return { counts, isComplete: more.length === 0 };
  }

  private async countEnded(
    tenantId: string,
    ids: readonly string[],
    sinceMs: number,
    counts: RunCounts['counts'],
    reader: ReadFor,
  ): Promise<void> {
    if (ids.length === 0) return;
    const runs = ids.map((id) => this.store.keys.run(tenantId, id).run);
    const records = await this.bulk.run({ ...reader, tenantId }, runs.length * RUN_BYTES, (connection) =>
      connection.pipeline(runs.map((run) => ['hmget', run, 'status', 'completed_at'])).exec(),
    );
    for (const [, record] of records ?? []) {
      const [status, endedAt] = (record ?? []) as (string | null)[];
      const isOld = endedAt != null && Number(endedAt) < sinceMs;
      if (status != null && status in counts && !isOld) counts[status as RunStatus]++;
    }
  }
}

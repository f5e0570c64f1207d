import { Inject, Injectable } from '@nestjs/common';
import type { EventInput } from '../../events/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { DISPATCH_GROUP } from '../dispatch/dispatch-entry.js';
import { EventStore } from '../log/event-store.js';
import { EVENT_STORE_DEFAULTS, EVENT_STORE_OPTIONS, type EventStoreOptions } from '../event-store-options.js';
import { EXTERNAL } from '../log/runs/run-record.js';
import { WorkSignals } from '../../stream-consumer/index.js';
import { journalWork } from '../log/store-work.js';
import { SCRIPTS } from '../scripts.js';
import { ExecutedRuns, type ExecutedRunsFound, type LapsedRun } from './executed-runs.js';
import { ExpiredRuns } from './expired-runs.js';

const PAGE = 200;
/** Runs of most tenants that have not ended at a time. */
const FEW = 20;
const MAX_PATIENCE_MS = 60_000;

/** What is to come among a partition's runs that have not ended. */
export interface RunsOutlook {
  /** When the first run may be overdue, in ms of Redis's clock. */
  dueMs: number | undefined;
  /** Whether there are runs without a deadline: those of executors, and of producers that may take for ever. */
  hasUndated: boolean;
}

/**
 * Looks after one tenant's runs when nobody else does, one of its partitions at a call. Each call is safe to be made by several processes at once.
 *
 * Every method throws RedisUnavailableError when Redis can't answer.
 */
@Injectable()
export class RunSweep {
  /** 0: never. */
  private readonly idleTimeoutMs: number;
  private readonly expired: ExpiredRuns;
  private readonly executed: ExecutedRuns;

  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly signals: WorkSignals,
    @Inject(EVENT_STORE_OPTIONS) options: EventStoreOptions,
  ) {
    const { runIdleTimeoutSeconds = EVENT_STORE_DEFAULTS.runIdleTimeoutSeconds } = options;
    this.expired = new ExpiredRuns(redis, store.keys);
    this.idleTimeoutMs = runIdleTimeoutSeconds * 1000;
    this.executed = new ExecutedRuns(redis, store.keys, signals, this.idleTimeoutMs);
  }

  /** What is to come among the runs that have not ended: a look, and no more. */
  async outlook(tenantId: string, partition = 0): Promise<RunsOutlook> {
    const { active } = this.store.keys.partition(tenantId, partition);
    const { commands } = this.redis;
    // Mostly these are all, and the last of them is the last.
    const first = await redisCall(commands.zrange(active, 0, String(FEW - 1), 'WITHSCORES'));
    const isAll = first.length < 2 * FEW;
    const last = isAll ? first : await redisCall(commands.zrange(active, -1, '-1', 'WITHSCORES'));
    const [firstMs, lastMs] = [scoreIn(first), scoreIn(last.slice(-2))];
    return {
      dueMs: firstMs === Number.POSITIVE_INFINITY ? undefined : firstMs,
      hasUndated: lastMs === Number.POSITIVE_INFINITY,
    };
  }

  /**
   * Ends external runs to which nothing was appended in time. An append does not touch the index of deadlines: whose
   * deadline has come is looked at, and put off if events came since.
   *
   * @returns how many
   */
  async endIdle(tenantId: string, event: EventInput, partition = 0): Promise<number> {
    if (this.idleTimeoutMs === 0) return 0;
    // Time counts while Redis is away: producers that live must have had some to append first.
    const patienceMs = Math.min(this.idleTimeoutMs, MAX_PATIENCE_MS);
    const { active } = this.store.keys.partition(tenantId, partition);
    if (!(await this.redis.hasBeenSteadyFor(patienceMs, active))) return 0;
    let ended = 0;
    for (;;) {
      const now = await this.redis.now(active);
      const ids = await redisCall(this.redis.commands.zrangebyscore(active, '-inf', now, 'LIMIT', 0, PAGE));
      const answers = await Promise.all(
        ids.map((id) => this.endLost(tenantId, id, EXTERNAL, 'producer', 0, event)),
      );
      ended += answers.filter((answer) => answer === 'ended').length;
      // Without progress the rest is not ours to end.
      if (ids.length < PAGE || answers.every((answer) => answer === 'not lost')) return ended;
    }
  }

  /**
   * Tells whose executor seems to be lost, and dispatches runs again whose dispatch was: of those that wait it looks at a
   * part at each call.
   */
  findLost(tenantId: string, partition = 0): Promise<ExecutedRunsFound> {
    return this.executed.look(tenantId, partition);
  }

  /**
   * Ends a run whose executor is lost, if its lease ran out so many milliseconds ago.
   *
   * @returns whether it did
   */
  async endAbandoned(
    tenantId: string,
    run: LapsedRun,
    lapsedMs: number,
    event: EventInput,
  ): Promise<boolean> {
    return (await this.endLost(tenantId, run.runId, run.executor, 'executor', lapsedMs, event)) === 'ended';
  }

  /**
   * Takes ids of runs that are gone, with their retention, out of the indexes: part of it at each call.
   *
   * @returns how many
   */
  forgetExpired(tenantId: string, partition = 0): Promise<number> {
    return this.expired.forget(tenantId, partition);
  }

  /** Whether the next call of `forgetExpired` goes on within the partition's indexes. */
  isComparing(tenantId: string, partition = 0): boolean {
    return this.expired.isComparing(tenantId, partition);
  }

  private async endLost(
    tenantId: string,
    runId: string,
    executor: string,
    who: 'producer' | 'executor',
    lapsedMs: number,
    event: EventInput,
  ): Promise<'ended' | 'put off' | 'not lost'> {
    const keys = this.store.keys.run(tenantId, runId);
    const partition = this.store.keys.partitionOf(tenantId, runId);
    const reply = await this.signals.around([journalWork(tenantId, runId)], () =>
      SCRIPTS.endLost.run(
        this.redis.commands,
        [
          keys.run,
          keys.events,
          keys.idempotencyKeys,
          partition.journal,
          partition.journalLast,
          partition.active,
          partition.dispatch(executor),
          partition.index,
        ],
        [
          runId,
          keys.live,
          partition.journalLive,
          ...this.store.limitArgs(),
          who,
          lapsedMs,
          DISPATCH_GROUP,
          ...this.store.eventArgs([this.store.prepare(event)]),
        ],
      ),
    );
    if (reply === 1) return 'ended';
    return reply === 2 ? 'put off' : 'not lost';
  }
}

/** The score in a reply of one member with it. */
function scoreIn([, score]: readonly string[]): number | undefined {
  return score === undefined ? undefined : Number(score.replace('inf', 'Infinity'));
}

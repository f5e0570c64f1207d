import { Inject, Injectable } from '@nestjs/common';
import type { EventInput } from '../../events/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { DISPATCH_GROUP } from '../dispatch/dispatch-entry.js';
import { EventStore } from '../log/event-store.js';
import { EVENT_STORE_DEFAULTS, EVENT_STORE_OPTIONS, type EventStoreOptions } from '../event-store-options.js';
import { EXTERNAL } from '../log/runs/run-record.js';
import { WorkSignals } from '../../stream-consumer/index.js';
import { journalWork, redispatchWork } from '../log/store-work.js';
import { SCRIPTS } from '../scripts.js';
import { ExpiredRuns } from './expired-runs.js';

const PAGE = 200;
const MAX_PATIENCE_MS = 60_000;

/** A run whose executor gave no sign of life for a whole lease. */
export interface LapsedRun {
  runId: string;
  executor: string;
  /** For how long its lease has run out, in milliseconds. */
  lapsedMs: number;
}

/** What is to come among a tenant's runs that have not ended. */
export interface RunsOutlook {
  /** When the first run may be overdue, in ms of Redis's clock. */
  dueMs: number | undefined;
  /** Whether there are runs without a deadline: those of executors, and of producers that may take for ever. */
  hasUndated: boolean;
}

/**
 * Looks after one tenant's runs when nobody else does. Each call is safe to be made by several processes at once.
 *
 * Every method throws RedisUnavailableError when Redis can't answer.
 */
@Injectable()
export class RunSweep {
  /** 0: never. */
  private readonly idleTimeoutMs: number;
  private readonly expired: ExpiredRuns;

  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly signals: WorkSignals,
    @Inject(EVENT_STORE_OPTIONS) options: EventStoreOptions,
  ) {
    const { runIdleTimeoutSeconds = EVENT_STORE_DEFAULTS.runIdleTimeoutSeconds } = options;
    this.expired = new ExpiredRuns(redis, store.keys);
    this.idleTimeoutMs = runIdleTimeoutSeconds * 1000;
  }

  /** What is to come among the tenant's runs that have not ended: a look, and no more. */
  async outlook(tenantId: string): Promise<RunsOutlook> {
    const { active } = this.store.keys.partition(tenantId, 0);
    const [first, last] = await redisCall(
      Promise.all([
        this.redis.commands.zrange(active, 0, '0', 'WITHSCORES'),
        this.redis.commands.zrange(active, -1, '-1', 'WITHSCORES'),
      ]),
    );
    const [firstMs, lastMs] = [scoreIn(first), scoreIn(last)];
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
  async endIdle(tenantId: string, event: EventInput): Promise<number> {
    if (this.idleTimeoutMs === 0) return 0;
    // Time counts while Redis is away: producers that live must have had some to append first.
    const patienceMs = Math.min(this.idleTimeoutMs, MAX_PATIENCE_MS);
    const { active } = this.store.keys.partition(tenantId, 0);
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

  /** Dispatches runs again whose dispatch was lost, and tells whose executor seems to be; and how many executors have. */
  async findLost(tenantId: string): Promise<{ dispatched: number; lapsed: LapsedRun[]; executed: number }> {
    const partition = this.store.keys.partition(tenantId, 0);
    const { active } = partition;
    const lapsed: LapsedRun[] = [];
    let dispatched = 0;
    let executed = 0;
    for (let offset = 0; ; offset += PAGE) {
      // What an executor has is never overdue by its score.
      const ids = await redisCall(
        this.redis.commands.zrangebyscore(active, '+inf', '+inf', 'LIMIT', offset, PAGE),
      );
      if (ids.length === 0) break;
      // A run keeps its executor for life, so that its keys can be named before the script looks at it.
      const executors = await this.executorsOf(tenantId, ids);
      executed += executors.filter((executor) => executor !== null && executor !== EXTERNAL).length;
      const keys = [active];
      const args: (string | number)[] = [this.idleTimeoutMs];
      for (const [i, id] of ids.entries()) {
        const executor = executors[i] ?? EXTERNAL;
        keys.push(this.store.keys.run(tenantId, id).run, partition.dispatch(executor));
        args.push(id, executor);
      }
      const reply = await SCRIPTS.dispatchSweep.run(this.redis.commands, keys, args);
      const [count, ...rest] = reply as [number, ...(string | number)[]];
      dispatched += count;
      if (count > 0) {
        // Rare, and which of them it was does not matter.
        const works = ids.map((id, i) => redispatchWork(tenantId, executors[i] ?? EXTERNAL, id));
        await this.signals.around(works, () => Promise.resolve());
      }
      for (let i = 0; i < rest.length; i += 3) {
        lapsed.push({
          runId: String(rest[i]),
          executor: String(rest[i + 1]),
          lapsedMs: Number(rest[i + 2]),
        });
      }
      if (ids.length < PAGE) break;
    }
    return { dispatched, lapsed, executed };
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
  forgetExpired(tenantId: string): Promise<number> {
    return this.expired.forget(tenantId);
  }

  /** Whether the next call of `forgetExpired` goes on within the tenant's indexes. */
  isComparing(tenantId: string): boolean {
    return this.expired.isComparing(tenantId);
  }

  private executorsOf(tenantId: string, ids: readonly string[]): Promise<(string | null)[]> {
    return redisCall(
      Promise.all(
        ids.map((id) => this.redis.commands.hget(this.store.keys.run(tenantId, id).run, 'executor')),
      ),
    );
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

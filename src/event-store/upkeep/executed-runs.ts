import { redisCall, type RedisConnections } from '../../redis/index.js';
import type { WorkSignals } from '../../stream-consumer/index.js';
import type { Keyspace, PartitionKeys } from '../log/keys.js';
import { HELD_TERM, idOfMember, rangeOfTerm, termOf } from '../log/runs/run-index.js';
import { EXTERNAL } from '../log/runs/run-record.js';
import { redispatchWork } from '../log/store-work.js';
import { SCRIPTS } from '../scripts.js';

const PAGE = 200;
/** Runs with an executor that one call looks at: their leases run out. */
const MAX_HELD = 10_000;
/** Runs without a deadline that one call looks at: mostly they only wait. */
const MAX_UNDATED = 2000;

/** A run whose executor gave no sign of life for a whole lease. */
export interface LapsedRun {
  runId: string;
  executor: string;
  /** For how long its lease has run out, in milliseconds. */
  lapsedMs: number;
}

/** What was found among the runs of executors in one partition. */
export interface ExecutedRunsFound {
  /** Runs whose dispatch was lost and was made again. */
  dispatched: number;
  lapsed: LapsedRun[];
  /** Whether executors have runs, or are to have some. */
  executed: boolean;
}

/** Where to go on among runs without a deadline: the last one that was looked at, and its place in the order. */
interface Place {
  id: string;
  rank: number;
}

/**
 * Looks after runs that executors have, or are to have. What an executor has is looked at in each call, since its lease
 * may have run out. Of those that wait, which may be a million, each call looks at some: they need nothing unless their
 * dispatch was lost, with a stream that somebody deleted.
 */
export class ExecutedRuns {
  /** By the key of the order; without one the next call begins at the beginning. */
  private readonly heldAfter = new Map<string, string>();
  private readonly undatedAfter = new Map<string, Place>();

  constructor(
    private readonly redis: RedisConnections,
    private readonly keys: Keyspace,
    private readonly signals: WorkSignals,
    private readonly idleTimeoutMs: number,
  ) {}

  async look(tenantId: string, partition: number): Promise<ExecutedRunsFound> {
    const found: ExecutedRunsFound = { dispatched: 0, lapsed: [], executed: false };
    const keys = this.keys.partition(tenantId, partition);
    await this.lookAtHeld(tenantId, keys, found);
    await this.lookAtUndated(tenantId, keys, found);
    const { index } = keys;
    const counts = await redisCall(
      Promise.all(
        [HELD_TERM, termOf.status('pending')].map((term) =>
          this.redis.commands.zlexcount(index, ...rangeOfTerm(term)),
        ),
      ),
    );
    found.executed = counts.some((count) => count > 0);
    return found;
  }

  private async lookAtHeld(
    tenantId: string,
    partition: PartitionKeys,
    found: ExecutedRunsFound,
  ): Promise<void> {
    const { index } = partition;
    for (let looked = 0; looked < MAX_HELD; looked += PAGE) {
      const [min, max] = rangeOfTerm(HELD_TERM, this.heldAfter.get(index));
      const members = await redisCall(this.redis.commands.zrangebylex(index, min, max, 'LIMIT', 0, PAGE));
      const ids = members.map(idOfMember);
      found.lapsed.push(...(await this.check(tenantId, partition, ids, found)));
      const last = ids.at(-1);
      if (last === undefined || ids.length < PAGE) {
        this.heldAfter.delete(index);
        return;
      }
      this.heldAfter.set(index, last);
    }
  }

  private async lookAtUndated(
    tenantId: string,
    partition: PartitionKeys,
    found: ExecutedRunsFound,
  ): Promise<void> {
    const { active } = partition;
    const { commands } = this.redis;
    for (let looked = 0; looked < MAX_UNDATED; looked += PAGE) {
      const from = await this.placeAfter(active, this.undatedAfter.get(active));
      const ids = await redisCall(commands.zrange(active, from, String(from + PAGE - 1)));
      await this.check(tenantId, partition, ids, found);
      const last = ids.at(-1);
      if (last === undefined || ids.length < PAGE) {
        this.undatedAfter.delete(active);
        return;
      }
      this.undatedAfter.set(active, { id: last, rank: from + PAGE - 1 });
    }
  }

  /**
   * Runs without a deadline come last in the order of deadlines, by their age. A place in an order is found at once, where
   * an offset into a range of scores is counted out. What has left since moves it, and what is then passed over comes in
   * the next round.
   */
  private async placeAfter(active: string, last: Place | undefined): Promise<number> {
    const { commands } = this.redis;
    const [dated, rank] = await redisCall(
      Promise.all([
        commands.zcount(active, '-inf', '(+inf'),
        last === undefined ? null : commands.zrank(active, last.id),
      ]),
    );
    if (last === undefined) return dated;
    return Math.max(dated, rank === null ? last.rank : rank + 1);
  }

  /** @returns those whose lease ran out */
  private async check(
    tenantId: string,
    partition: PartitionKeys,
    ids: readonly string[],
    found: ExecutedRunsFound,
  ): Promise<LapsedRun[]> {
    if (ids.length === 0) return [];
    // A run keeps its executor for life, so that its keys can be named before the script looks at it.
    const executors = await this.executorsOf(tenantId, ids);
    const keys = [partition.active];
    const args: (string | number)[] = [this.idleTimeoutMs];
    for (const [i, id] of ids.entries()) {
      const executor = executors[i] ?? EXTERNAL;
      keys.push(this.keys.run(tenantId, id).run, partition.dispatch(executor));
      args.push(id, executor);
    }
    const reply = await SCRIPTS.dispatchSweep.run(this.redis.commands, keys, args);
    const [count, ...rest] = reply as [number, ...(string | number)[]];
    found.dispatched += count;
    if (count > 0) {
      // Rare, and which of them it was does not matter.
      const works = ids.map((id, i) => redispatchWork(tenantId, executors[i] ?? EXTERNAL, id));
      await this.signals.around(works, () => Promise.resolve());
    }
    const lapsed: LapsedRun[] = [];
    for (let i = 0; i < rest.length; i += 3) {
      lapsed.push({ runId: String(rest[i]), executor: String(rest[i + 1]), lapsedMs: Number(rest[i + 2]) });
    }
    return lapsed;
  }

  private executorsOf(tenantId: string, ids: readonly string[]): Promise<(string | null)[]> {
    return redisCall(
      Promise.all(ids.map((id) => this.redis.commands.hget(this.keys.run(tenantId, id).run, 'executor'))),
    );
  }
}

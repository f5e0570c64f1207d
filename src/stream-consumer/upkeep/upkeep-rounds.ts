import { randomUUID } from 'node:crypto';
import { RedisUnavailableError } from '../../common/index.js';
import { redisCall, type RedisConnections } from '../../redis/index.js';
import { BUCKETS, bucketOf, numberOf, type Partition, partitionOf, tenantOf } from '../buckets.js';
import { SCRIPTS } from '../scripts.js';
import { COVERED_MS } from '../finding/sweeps.js';
import { teamOf } from '../members/team.js';
import { SlowWalk } from './slow-walk.js';
import { walkTenants } from '../tenant-walk.js';
import { type UpkeepTask, WORK_KEYS } from '../work-keys.js';

/** Every tenant is looked at once in so long, whatever was lost. */
const WALK_MS = 600_000;
/** Tenants that are looked at side by side. */
const AT_ONCE = 50;

/** When to look again: at a time, in ms of Redis's clock, or in the next round. Undefined: when it is touched. */
export type LookAgain = number | 'next round' | undefined;

export interface UpkeepOptions {
  /** Time between two rounds, of all processes together, in milliseconds. */
  everyMs: number;
  /** Where the names of all tenants are. */
  tenantsKey: string;
  /** The tenants that are looked after; undefined for all there are. */
  named: readonly string[] | undefined;
  /** In how many milliseconds all tenants are looked at, whatever was lost. Default 600 000. */
  walkMs?: number;
  /** The partitions of a tenant. Default: the first alone. */
  partitionsOf?: (tenantId: string) => readonly Partition[];
  /** A cheap look at one of a tenant's partitions, at many side by side: is there work, or when may there be? */
  look(tenantId: string, nowMs: number, partition: number): Promise<LookAgain | 'work'>;
  /** Does what there is to do, for one partition after the other. */
  work(tenantId: string, signal: AbortSignal, partition: number): Promise<LookAgain>;
  /** One partition's trouble: it is looked at again in the next round, and the others go on. */
  onError(tenantId: string, error: unknown): void;
}

interface Candidate {
  partition: Partition;
  /** Its time in the index, as it was read there. */
  readMs?: number;
}

interface Moved {
  partition: Partition;
  readMs: number | undefined;
  nextMs: number | undefined;
}

/**
 * Looks after the tenants in which there can be something to do, and no others: those that were touched since the last
 * look, and those of which that said when to look again. One process has the round at a time.
 *
 * The index is a sorted set per bucket: partitions by when to look. A touch sets a partition to now. After a look
 * it leaves the index, or moves, unless it was touched meanwhile (reschedule.lua), or so lately that what the touch
 * belongs to may be still to come. All tenants are looked at in the first round of a process, and slowly ever after.
 */
export class UpkeepRounds {
  private readonly id = randomUUID();
  private readonly turnKey: string;
  private readonly slowWalk: SlowWalk;
  private readonly named: ReadonlySet<string> | undefined;
  private readonly walkMs: number;
  private hasWalked = false;
  /** Since when, or when last renewed, this process has the round; undefined while it has not. */
  private turnSince: number | undefined;

  constructor(
    private readonly redis: RedisConnections,
    private readonly task: UpkeepTask,
    private readonly options: UpkeepOptions,
  ) {
    const { tenantsKey, named, walkMs = WALK_MS } = options;
    this.walkMs = walkMs;
    this.named = named && new Set(named);
    const team = teamOf(task, named);
    this.turnKey = WORK_KEYS.upkeepTurn(team);
    this.slowWalk = new SlowWalk(redis, tenantsKey, named, WORK_KEYS.upkeepWalk(team));
  }

  /** One round, unless another process has it, or has had it just now. @throws RedisUnavailableError */
  async round(signal: AbortSignal): Promise<void> {
    if (!(await this.takeTurn())) return;
    const nowMs = await this.redis.now(this.turnKey);
    for (const bucket of BUCKETS) await this.lookAt(await this.due(bucket, nowMs), nowMs, signal);
    if (this.hasWalked) {
      const { tenants, done } = await this.slowWalk.next(this.options.everyMs / this.walkMs);
      await this.lookAt(this.unread(tenants), nowMs, signal);
      if (!signal.aborted) await done();
    } else {
      for await (const tenants of walkTenants(this.redis, this.options.tenantsKey, this.options.named))
        await this.lookAt(this.unread(tenants), nowMs, signal);
      this.hasWalked = !signal.aborted;
    }
    this.turnSince = undefined;
  }

  /** To be called now and then by what takes long. Two that work at once only do more than needed. */
  async keepTurn(): Promise<void> {
    if (this.turnSince === undefined || performance.now() - this.turnSince < this.turnMs / 3) return;
    await redisCall(this.redis.commands.set(this.turnKey, this.id, 'PX', this.turnMs));
    this.turnSince = performance.now();
  }

  /** The turn is not given back after a round: so there is one round in the time of one, however many processes. */
  private async takeTurn(): Promise<boolean> {
    const taken = await redisCall(this.redis.commands.set(this.turnKey, this.id, 'PX', this.turnMs, 'NX'));
    this.turnSince = taken === 'OK' ? performance.now() : undefined;
    return taken === 'OK';
  }

  /** A little less than the pause, or every other turn would come too early. */
  private get turnMs(): number {
    return Math.max(1, Math.floor(this.options.everyMs * 0.9));
  }

  private async due(bucket: number, nowMs: number): Promise<Candidate[]> {
    const key = WORK_KEYS.upkeep(this.task, bucket);
    const rows = await redisCall(this.redis.commands.zrangebyscore(key, '-inf', nowMs, 'WITHSCORES'));
    const due: Candidate[] = [];
    for (let i = 0; i < rows.length; i += 2) {
      const partition = rows[i] as Partition;
      if (this.serves(tenantOf(partition))) due.push({ partition, readMs: Number(rows[i + 1]) });
    }
    return due;
  }

  private async lookAt(candidates: readonly Candidate[], nowMs: number, signal: AbortSignal): Promise<void> {
    for (let first = 0; first < candidates.length && !signal.aborted; first += AT_ONCE) {
      const page = candidates.slice(first, first + AT_ONCE);
      const looks = await Promise.all(
        page.map(({ partition }) =>
          this.guarded(partition, (tenantId, number) => this.options.look(tenantId, nowMs, number)),
        ),
      );
      const moved: Moved[] = [];
      for (const [i, { partition, readMs }] of page.entries()) {
        let again = looks[i];
        if (again === 'work') {
          if (signal.aborted) return;
          again = await this.guarded(partition, (tenantId, number) =>
            this.options.work(tenantId, signal, number),
          );
          await this.keepTurn();
        }
        const mayStillCome = readMs !== undefined && readMs > nowMs - COVERED_MS;
        const nextMs = mayStillCome || again === 'next round' ? (readMs ?? nowMs) : again;
        if (nextMs !== readMs) moved.push({ partition, readMs, nextMs });
      }
      await this.reschedule(moved, nowMs);
      await this.keepTurn();
    }
  }

  private async guarded<T>(
    partition: Partition,
    work: (tenantId: string, number: number) => Promise<T>,
  ): Promise<T | 'next round'> {
    const tenantId = tenantOf(partition);
    try {
      return await work(tenantId, numberOf(partition));
    } catch (error) {
      if (error instanceof RedisUnavailableError) throw error;
      this.options.onError(tenantId, error);
      return 'next round';
    }
  }

  private async reschedule(moved: readonly Moved[], nowMs: number): Promise<void> {
    const byBucket = new Map<number, (string | number)[]>();
    for (const { partition, readMs = '', nextMs = '' } of moved) {
      const bucket = bucketOf(partition);
      let args = byBucket.get(bucket);
      if (!args) byBucket.set(bucket, (args = [nowMs]));
      args.push(partition, readMs, nextMs);
    }
    await Promise.all(
      [...byBucket].map(([bucket, args]) =>
        SCRIPTS.reschedule.run(this.redis.commands, [WORK_KEYS.upkeep(this.task, bucket)], args),
      ),
    );
  }

  private unread(tenants: readonly string[]): Candidate[] {
    const { partitionsOf = firstOf } = this.options;
    return tenants.flatMap((tenantId) => partitionsOf(tenantId).map((partition) => ({ partition })));
  }

  private serves(tenantId: string): boolean {
    return this.named?.has(tenantId) ?? true;
  }
}

function firstOf(tenantId: string): Partition[] {
  return [partitionOf(tenantId)];
}

import { Injectable, Logger } from '@nestjs/common';
import { RedisUnavailableError } from '../../common/index.js';
import { groupPausedKey, JOURNAL_TOPIC } from '../../event-store/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { BusyPartitions, type Partition, teamOf, tenantOf } from '../../stream-consumer/index.js';
import { groupConsumer } from '../group/group-work.js';
import type { GroupMember } from '../members/group-member.js';
import { GroupMembers } from '../members/group-members.js';
import { TenantDirectory } from '../group/tenant-directory.js';
import { DeadLetterCount } from './dead-letter-count.js';
import { GroupRateReader, type GroupRates } from './group-rates.js';
import { type GroupStanding, GroupStandings } from './group-standing.js';

/** Tenants of a group that one look goes to. */
export const MOST_TENANTS = 1000;
const MOST_WORST = 10;
/** So few that are named are all looked at. */
const FEW_TENANTS = 100;
/** Looks that are under way at once: others use the connection. */
const AT_ONCE = 50;

/** How one of the tenants stands that are furthest behind. */
export type TenantStanding = Pick<
  GroupStanding,
  'lag' | 'lagMs' | 'pending' | 'oldestPendingMs' | 'isPaused'
> & {
  tenantId: string;
};

/** How a group stands in all tenants. */
export interface GroupOverview extends Pick<
  GroupStanding,
  'lag' | 'lagMs' | 'pending' | 'oldestPendingMs' | 'delayed' | 'deadLetters'
> {
  group: string;
  /** Tenants that have events that were not given out yet. */
  tenantsBehind: number;
  /** Tenants in which the group is paused. */
  tenantsPaused: number;
  /** Tenants that were looked at: those in which there may be anything. */
  tenantsLookedAt: number;
  /** Whether these are all of them. If not, the numbers are those of the tenants that were looked at. */
  isComplete: boolean;
  rates: GroupRates;
  members: GroupMember[];
  /** The furthest behind, by lag; at most ten. */
  worst: TenantStanding[];
}

/**
 * Sums a group up over all tenants, at a cost that does not grow with them: what is not handled can only be where a
 * member has something in hand, where something came lately, or where the group is paused.
 */
@Injectable()
export class GroupOverviewReader {
  private readonly logger = new Logger('Consumers');
  /** The worst of the look before: where not all can be looked at, these are. */
  private readonly worst = new Map<string, readonly string[]>();

  constructor(
    private readonly redis: RedisConnections,
    private readonly busy: BusyPartitions,
    private readonly tenants: TenantDirectory,
    private readonly members: GroupMembers,
    private readonly standings: GroupStandings,
    private readonly rates: GroupRateReader,
    private readonly deadLetters: DeadLetterCount,
  ) {}

  /** @throws RedisUnavailableError */
  async read(group: string): Promise<GroupOverview> {
    const members = await this.members.list(group);
    const [where, rates, deadLetters] = await Promise.all([
      this.placesOf(group, members),
      this.rates.read(group),
      this.deadLetters.next(group),
    ]);
    const found = await this.lookAt(group, where.tenants);
    const overMeanwhile = await this.tidyPaused(group, where.paused, found);
    const standings = [...found.values()];
    const worst = worstOf(standings);
    this.worst.set(
      group,
      worst.map(({ tenantId }) => tenantId),
    );
    return {
      group,
      ...sumOf(standings),
      deadLetters,
      tenantsLookedAt: where.tenants.length,
      isComplete: where.isComplete,
      tenantsPaused: where.pausedCount - overMeanwhile,
      rates,
      members,
      worst,
    };
  }

  /** Of each tenant in which there may be anything, of 1000 at most. @throws RedisUnavailableError */
  async readTenants(group: string): Promise<TenantLook[]> {
    const { tenants } = await this.placesOf(group, await this.members.list(group));
    return [...(await this.lookAt(group, tenants)).values()];
  }

  /** Groups that nobody asks for any more need no place. */
  keepOnly(groups: readonly string[]): void {
    this.deadLetters.keepOnly(groups);
    for (const group of this.worst.keys()) if (!groups.includes(group)) this.worst.delete(group);
  }

  private async placesOf(
    group: string,
    members: readonly GroupMember[],
  ): Promise<{
    tenants: string[];
    paused: readonly Partition[];
    pausedCount: number;
    isComplete: boolean;
  }> {
    const { named } = this.tenants;
    const key = groupPausedKey(group);
    const [paused, pausedCount] = await Promise.all([
      redisCall(this.redis.commands.srandmember(key, MOST_TENANTS)) as Promise<Partition[]>,
      redisCall(this.redis.commands.scard(key)),
    ]);
    const teams = new Set(members.map(({ team }) => team));
    if (teams.size === 0) teams.add(teamOf(groupConsumer(group), named));
    const busy =
      named && named.length <= FEW_TENANTS
        ? { tenants: named, isComplete: true }
        : await this.findBusy(teams);
    const all = [
      ...new Set([...(this.worst.get(group) ?? []), ...paused.map(tenantOf), ...busy.tenants]),
    ].filter((tenantId) => this.tenants.serves(tenantId));
    const isComplete = busy.isComplete && pausedCount <= MOST_TENANTS && all.length <= MOST_TENANTS;
    return { tenants: all.slice(0, MOST_TENANTS), paused, pausedCount, isComplete };
  }

  private async findBusy(teams: Iterable<string>): Promise<{ tenants: string[]; isComplete: boolean }> {
    const { partitions, isComplete } = await this.busy.find(JOURNAL_TOPIC, [...teams]);
    return { tenants: partitions.map(tenantOf), isComplete };
  }

  private async lookAt(group: string, tenants: readonly string[]): Promise<Map<string, TenantLook>> {
    const found = new Map<string, TenantLook>();
    for (let from = 0; from < tenants.length; from += AT_ONCE) {
      await Promise.all(
        tenants.slice(from, from + AT_ONCE).map(async (tenantId) => {
          try {
            found.set(tenantId, { ...(await this.standings.read(tenantId, group)), tenantId });
          } catch (error) {
            if (error instanceof RedisUnavailableError) throw error;
            // One tenant's trouble must not hide the others.
            this.logger.warn(`The group "${group}" of ${tenantId} could not be looked at: ${String(error)}`);
          }
        }),
      );
    }
    return found;
  }

  /** A process may have ended between the two steps of a pause, or of a resumption. */
  private async tidyPaused(
    group: string,
    paused: readonly Partition[],
    found: ReadonlyMap<string, TenantLook>,
  ): Promise<number> {
    const over = paused.filter((partition) => found.get(tenantOf(partition))?.isPaused === false);
    if (over.length > 0) await redisCall(this.redis.commands.srem(groupPausedKey(group), ...over));
    return over.length;
  }
}

type TenantLook = GroupStanding & { tenantId: string };

function sumOf(
  standings: readonly TenantLook[],
): Pick<GroupOverview, 'lag' | 'lagMs' | 'pending' | 'oldestPendingMs' | 'delayed' | 'tenantsBehind'> {
  let oldestPendingMs: number | undefined;
  const sum = { lag: 0, lagMs: 0, pending: 0, delayed: 0, tenantsBehind: 0 };
  for (const one of standings) {
    sum.lag += one.lag;
    sum.pending += one.pending;
    sum.delayed += one.delayed;
    sum.lagMs = Math.max(sum.lagMs, one.lagMs);
    if (one.lag > 0) sum.tenantsBehind++;
    if (one.oldestPendingMs !== undefined)
      oldestPendingMs = Math.max(oldestPendingMs ?? 0, one.oldestPendingMs);
  }
  return { ...sum, oldestPendingMs };
}

function worstOf(standings: readonly TenantLook[]): TenantStanding[] {
  return standings
    .filter(({ lag, pending }) => lag + pending > 0)
    .sort((a, b) => b.lag - a.lag || b.lagMs - a.lagMs)
    .slice(0, MOST_WORST)
    .map(({ tenantId, lag, lagMs, pending, oldestPendingMs, isPaused }) => ({
      ...{ tenantId, lag, lagMs, pending, oldestPendingMs, isPaused },
    }));
}

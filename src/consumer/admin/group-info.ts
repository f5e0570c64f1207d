import { Injectable } from '@nestjs/common';
import { GroupNotFoundError } from '../../common/index.js';
import {
  GROUP_PATTERN,
  EventStore,
  isOfWorkers,
  Journal,
  ofWorkers,
  Partitions,
  shownName,
  STORED_GROUP_PATTERN,
  workerOf,
} from '../../event-store/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { Announcements } from '../../stream-consumer/index.js';
import { groupConsumer } from '../group/group-work.js';
import { ConsumerRunner } from '../consumer-runner.js';
import { type HandlerDescription, readHandlerDescription } from '../handler/handler-description.js';
import type { RecoveryResult } from '../group/recovery-result.js';
import type { GroupMember } from '../members/group-member.js';
import { GroupMembers } from '../members/group-members.js';
import { type GroupStanding, GroupStandings } from '../overview/group-standing.js';
import { ratesOf, type TenantRates, trendOf, type TrendPoint } from '../overview/tenant-rates.js';
import { TenantSamples } from '../overview/tenant-samples.js';

/** A consumer that was heard of within this time counts as living, in milliseconds. */
export const SILENT_AFTER_MS = 60_000;

/** What there is to know of a group in one tenant. @publicApi */
export interface GroupInfo extends Omit<
  GroupStanding,
  'handler' | 'recovery' | 'at' | 'appended' | 'appendedLately'
> {
  group: string;
  /** Undefined when nobody knows any more. */
  handler: HandlerDescription | undefined;
  /** Whether a process handled it within the last minute. */
  isHandled: boolean;
  /** The processes that run it, for any tenant. */
  members: GroupMember[];
  lastRecovery: (RecoveryResult & { at: number }) | undefined;
  /** Over the last minute. */
  rates: TenantRates;
}

/** The consumer groups of a tenant: those that are handled here, and those that only Redis knows of. @publicApi */
@Injectable()
export class GroupCatalog {
  constructor(
    private readonly journal: Journal,
    private readonly partitions: Partitions,
    private readonly standings: GroupStandings,
    private readonly members: GroupMembers,
    private readonly runner: ConsumerRunner,
    private readonly announcements: Announcements,
    private readonly samples: TenantSamples,
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
  ) {}

  async list(tenantId: string): Promise<GroupInfo[]> {
    const journal = await this.journalGroups(tenantId);
    return Promise.all(this.merge(journal).map((group) => this.read(tenantId, group)));
  }

  /** @throws GroupNotFoundError */
  async get(tenantId: string, group: string): Promise<GroupInfo> {
    return this.read(tenantId, await this.find(tenantId, group));
  }

  /** How it stood in the last hour, oldest first; times in which it was idle are left out. */
  async trend(tenantId: string, group: string): Promise<TrendPoint[]> {
    return trendOf(await this.samples.list(tenantId, await this.find(tenantId, group), 'all'));
  }

  /** As Redis has them, in alphabetical order. */
  async names(tenantId: string): Promise<string[]> {
    return this.merge(await this.journalGroups(tenantId));
  }

  /**
   * The name in Redis of what callers call a group: that of a handler in the service, or of the tenant's workers.
   *
   * @throws GroupNotFoundError
   */
  async find(tenantId: string, group: string): Promise<string> {
    if (this.isRegistered(group)) return group;
    const journal = GROUP_PATTERN.test(group) ? await this.journalGroups(tenantId) : new Set<string>();
    for (const stored of [ofWorkers(group), group]) if (journal.has(stored)) return stored;
    throw new GroupNotFoundError();
  }

  /**
   * Whether it is handled: this application has a handler for it, or anybody did within the last minute.
   *
   * @throws GroupNotFoundError
   */
  async use(
    tenantId: string,
    group: string,
  ): Promise<{ stored: string; isOfWorkers: boolean; isHandled: boolean }> {
    const stored = await this.find(tenantId, group);
    const isHandled = this.isRegistered(stored) || (await this.read(tenantId, stored)).isHandled;
    return { stored, isOfWorkers: isOfWorkers(stored), isHandled };
  }

  /** Whether a group is, or was, one of handlers in the service: whatever tenant asks, and beside it this one's own. */
  async isOfService(tenantId: string, group: string): Promise<boolean> {
    if (this.isRegistered(group) || (await this.isHandled(group))) return true;
    return (await this.journalGroups(tenantId)).has(group);
  }

  /** Whether a process handled the group, for any tenant, within the last minute. */
  isHandled(group: string): Promise<boolean> {
    return this.announcements.isAnnounced(groupConsumer(group), SILENT_AFTER_MS);
  }

  /** Whether this application has a handler for the group. */
  isRegistered(group: string): boolean {
    return this.runner.registered.some(({ options }) => options.group === group);
  }

  private merge(journal: ReadonlySet<string>): string[] {
    const registered = this.runner.registered.map(({ options }) => options.group);
    return [...new Set([...registered, ...journal])].sort();
  }

  /** Names. What others made by hand, under a name that no handler can have, is left out: it makes no keys. */
  private async journalGroups(tenantId: string): Promise<ReadonlySet<string>> {
    const infos = await Promise.all(
      this.partitions.of(tenantId).map((number) => this.journal.journalInfo(tenantId, number)),
    );
    const names = infos.flatMap(({ groups }) => groups.map(({ name }) => name));
    return new Set(names.filter((name) => STORED_GROUP_PATTERN.test(name)));
  }

  private async read(tenantId: string, group: string): Promise<GroupInfo> {
    const [isHandled, members, standing, latest] = await Promise.all([
      this.isHandled(group),
      this.members.list(group),
      this.standings.read(tenantId, group),
      this.samples.list(tenantId, group, 'latest'),
    ]);
    const { handler, recovery, at, appended, appendedLately, ...numbers } = standing;
    const workers = isOfWorkers(group)
      ? workersOf(standing, await this.seen(tenantId, shownName(group)))
      : undefined;
    return {
      group: shownName(group),
      ...numbers,
      ...(workers && { consumers: workers }),
      handler: this.describe(group, members) ?? readHandlerDescription(handler),
      isHandled: workers?.some(({ idleMs }) => idleMs < SILENT_AFTER_MS) ?? isHandled,
      members,
      rates: ratesOf({ ...numbers, at, appended, appendedLately }, latest),
      lastRecovery: recovery === '' ? undefined : (JSON.parse(recovery) as RecoveryResult & { at: number }),
    };
  }

  /** For how many ms each worker has not asked, by name; of those that did within the last minute. */
  private async seen(tenantId: string, name: string): Promise<Map<string, number>> {
    const now = Date.now();
    const key = this.store.keys.partition(tenantId, 0).workersSeen('groups', name);
    const rows = await redisCall(
      this.redis.commands.zrangebyscore(key, now - SILENT_AFTER_MS, '+inf', 'WITHSCORES'),
    );
    const seen = new Map<string, number>();
    for (let i = 0; i < rows.length; i += 2) seen.set(rows[i] ?? '', Math.max(now - Number(rows[i + 1]), 0));
    return seen;
  }

  /** As this process knows it, or one that runs. */
  private describe(group: string, [member]: readonly GroupMember[]): HandlerDescription | undefined {
    const registered = this.runner.registered.find(({ options }) => options.group === group);
    if (registered) return { name: registered.name, types: registered.options.types };
    return member && { name: member.handler, types: member.types };
  }
}

/** Those that asked lately, or hold something: by the names that they gave themselves. */
function workersOf(
  { consumers }: GroupStanding,
  seen: ReadonlyMap<string, number>,
): GroupStanding['consumers'] {
  const workers = new Map([...seen].map(([name, idleMs]) => [name, { name, pending: 0, idleMs }]));
  for (const { name: consumer, pending, idleMs } of consumers) {
    const name = workerOf(consumer)?.worker;
    if (name === undefined) continue;
    const known = workers.get(name) ?? { name, pending: 0, idleMs };
    known.pending += pending;
    known.idleMs = Math.min(known.idleMs, idleMs);
    workers.set(name, known);
  }
  return [...workers.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

import { Injectable } from '@nestjs/common';
import { GroupNotFoundError } from '../common/index.js';
import { EventStore, GROUP_PATTERN, Journal, type JournalGroupInfo } from '../event-store/index.js';
import { RedisConnections } from '../redis/index.js';
import { Announcements } from '../stream-consumer/index.js';
import { groupConsumer } from './group-work.js';
import { ConsumerRunner } from './consumer-runner.js';
import { type HandlerDescription, readHandlerDescription } from './handler-description.js';
import type { RecoveryResult } from './recovery-result.js';
import { SCRIPTS } from './scripts.js';

/** A consumer that was heard of within this time counts as living, in milliseconds. */
export const SILENT_AFTER_MS = 60_000;

/** How a group stands in one tenant. */
export interface GroupInfo {
  group: string;
  /** Undefined when nobody knows any more. */
  handler: HandlerDescription | undefined;
  /** Whether a process handled it within the last minute. */
  isHandled: boolean;
  consumers: { name: string; pending: number; idleMs: number }[];
  /** Events that were given out and have no outcome, those that wait for another try included. */
  pending: number;
  /** Events that were not given out yet, redriven ones included. */
  lag: number;
  /** How long ago the oldest pending event was appended; undefined without one. */
  oldestPendingMs: number | undefined;
  /** Of the pending ones: those that wait for another try. */
  delayed: number;
  deadLetters: number;
  isPaused: boolean;
  lastRecovery: (RecoveryResult & { at: number }) | undefined;
}

/** The consumer groups of a tenant: those that are handled here, and those that only Redis knows of. */
@Injectable()
export class GroupCatalog {
  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly journal: Journal,
    private readonly runner: ConsumerRunner,
    private readonly announcements: Announcements,
  ) {}

  async list(tenantId: string): Promise<GroupInfo[]> {
    const journal = await this.journalGroups(tenantId);
    return Promise.all(this.merge(journal).map((group) => this.read(tenantId, group, journal)));
  }

  /** @throws GroupNotFoundError */
  async get(tenantId: string, group: string): Promise<GroupInfo> {
    const journal = await this.journalGroups(tenantId);
    if (!this.isRegistered(group) && !journal.has(group)) throw new GroupNotFoundError();
    return this.read(tenantId, group, journal);
  }

  /** In alphabetical order. */
  async names(tenantId: string): Promise<string[]> {
    return this.merge(await this.journalGroups(tenantId));
  }

  /** @throws GroupNotFoundError */
  async assertExists(tenantId: string, group: string): Promise<void> {
    if (!this.isRegistered(group) && !(await this.journalGroups(tenantId)).has(group)) {
      throw new GroupNotFoundError();
    }
  }

  /** Whether a process handled the group, for any tenant, within the last minute. */
  isHandled(group: string): Promise<boolean> {
    return this.announcements.isAnnounced(groupConsumer(group), SILENT_AFTER_MS);
  }

  /** Whether this application has a handler for the group. */
  isRegistered(group: string): boolean {
    return this.runner.registered.some(({ options }) => options.group === group);
  }

  private merge(journal: ReadonlyMap<string, JournalGroupInfo>): string[] {
    const registered = this.runner.registered.map(({ options }) => options.group);
    return [...new Set([...registered, ...journal.keys()])].sort();
  }

  /** By name. What others made by hand, under a name that no handler can have, is left out: it makes no keys. */
  private async journalGroups(tenantId: string): Promise<ReadonlyMap<string, JournalGroupInfo>> {
    const { groups } = await this.journal.journalInfo(tenantId);
    return new Map(groups.filter(({ name }) => GROUP_PATTERN.test(name)).map((group) => [group.name, group]));
  }

  private async read(
    tenantId: string,
    group: string,
    journal: ReadonlyMap<string, JournalGroupInfo>,
  ): Promise<GroupInfo> {
    const keys = this.store.keys.group(tenantId, 0, group);
    const isHandled = await this.isHandled(group);
    const reply = (await SCRIPTS.groupInfo.run(
      this.redis.commands,
      [
        this.store.keys.partition(tenantId, 0).journal,
        keys.redrive,
        keys.meta,
        keys.dead,
        keys.state('journal').delayed,
        keys.state('redrive').delayed,
      ],
      [group],
    )) as [
      pending: number,
      waiting: number,
      oldest: number,
      delayed: number,
      dead: number,
      paused: string,
      handler: string,
      recovery: string,
      now: number,
      ...consumers: (string | number)[],
    ];
    const [pending, waiting, oldest, delayed, deadLetters, paused, handler, recovery, now, ...rest] = reply;
    const consumers = toConsumers(rest);
    const registered = this.runner.registered.find(({ options }) => options.group === group);
    return {
      group,
      handler: registered
        ? { name: registered.name, types: registered.options.types }
        : readHandlerDescription(handler),
      isHandled,
      consumers,
      pending,
      lag: (journal.get(group)?.lag ?? 0) + waiting,
      oldestPendingMs: oldest === 0 ? undefined : Math.max(now - oldest, 0),
      delayed,
      deadLetters,
      isPaused: paused === '1',
      lastRecovery: recovery === '' ? undefined : (JSON.parse(recovery) as RecoveryResult & { at: number }),
    };
  }
}

/** A consumer of the journal is one of the redrives too. */
function toConsumers(flat: readonly (string | number)[]): GroupInfo['consumers'] {
  const byName = new Map<string, { name: string; pending: number; idleMs: number }>();
  for (let i = 0; i < flat.length; i += 3) {
    const name = String(flat[i]);
    const [pending, idleMs] = [Number(flat[i + 1]), Number(flat[i + 2])];
    const before = byName.get(name);
    byName.set(name, {
      name,
      pending: pending + (before?.pending ?? 0),
      idleMs: Math.min(idleMs, before?.idleMs ?? idleMs),
    });
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

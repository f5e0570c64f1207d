import { Injectable } from '@nestjs/common';
import { EventStore } from '../../event-store/index.js';
import { RedisConnections } from '../../redis/index.js';
import { SCRIPTS } from '../scripts.js';

/** How a group stands in one tenant, as Redis has it. */
export interface GroupStanding {
  /** Events that were given out and have no outcome, those that wait for another try included. */
  pending: number;
  /** Events that were not given out yet, redriven ones included. */
  lag: number;
  /** How long ago the oldest pending event was appended, but for those that wait for more than an hour. */
  oldestPendingMs: number | undefined;
  /** How long ago the oldest event was appended, or redriven, that is not handled: pending, or not given out; else 0. */
  lagMs: number;
  /** Of the pending ones: those that wait for another try. */
  delayed: number;
  deadLetters: number;
  /** When that was, in ms of Redis's clock. */
  at: number;
  /** Events that the journal was given, ever, and in the last minute: those that were deleted since count too. */
  appended: number;
  appendedLately: number;
  isPaused: boolean;
  /** When it was paused, in ms of Redis's clock; undefined while it is not, or when that was not written down. */
  pausedAt: number | undefined;
  /** Who has paused it; undefined also where nobody has to say who they are. */
  pausedBy: string | undefined;
  /** What handlers and recoveries left there, as they wrote it; '' without. */
  handler: string;
  recovery: string;
  consumers: { name: string; pending: number; idleMs: number }[];
}

/** Looks at one group of one tenant. */
@Injectable()
export class GroupStandings {
  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
  ) {}

  /** In all partitions of the tenant together. @throws RedisUnavailableError */
  async read(tenantId: string, group: string): Promise<GroupStanding> {
    const [first, ...others] = await Promise.all(
      this.store.partitions.of(tenantId).map((number) => this.readIn(tenantId, number, group)),
    );
    if (!first) throw new Error('A tenant has a partition at least.');
    return others.reduce(together, first);
  }

  private async readIn(tenantId: string, partition: number, group: string): Promise<GroupStanding> {
    const keys = this.store.keys.group(tenantId, partition, group);
    const { journal, journalLast, journalDeleted } = this.store.keys.partition(tenantId, partition);
    const [
      pending,
      lag,
      oldestPending,
      oldestWaiting,
      delayed,
      deadLetters,
      paused,
      pausedAt,
      pausedBy,
      handler,
      recovery,
      now,
      appended,
      appendedLately,
      ...rest
    ] = (await SCRIPTS.groupInfo.run(
      this.redis.commands,
      [
        ...[journal, keys.redrive, keys.meta, keys.dead],
        ...[keys.state('journal').delayed, keys.state('redrive').delayed],
        ...[journalLast, journalDeleted, keys.later.due],
      ],
      [group],
    )) as [
      pending: number,
      lag: number,
      oldestPending: number,
      oldestWaiting: number,
      delayed: number,
      dead: number,
      paused: string,
      pausedAt: string,
      pausedBy: string,
      handler: string,
      recovery: string,
      now: number,
      appended: number,
      appendedLately: number,
      ...consumers: (string | number)[],
    ];
    const oldest = Math.min(oldestPending || Infinity, oldestWaiting || Infinity);
    return {
      pending,
      lag,
      oldestPendingMs: oldestPending === 0 ? undefined : Math.max(now - oldestPending, 0),
      lagMs: oldest === Infinity ? 0 : Math.max(now - oldest, 0),
      delayed,
      deadLetters,
      at: now,
      appended,
      appendedLately,
      isPaused: paused === '1',
      pausedAt: paused === '1' && pausedAt !== '' ? Number(pausedAt) : undefined,
      pausedBy: paused === '1' && pausedBy !== '' ? pausedBy : undefined,
      handler,
      recovery,
      consumers: toConsumers(rest),
    };
  }
}

function together(a: GroupStanding, b: GroupStanding): GroupStanding {
  const [first] = [a, b].sort((one, other) => (one.pausedAt ?? Infinity) - (other.pausedAt ?? Infinity));
  return {
    pending: a.pending + b.pending,
    lag: a.lag + b.lag,
    oldestPendingMs:
      a.oldestPendingMs === undefined || b.oldestPendingMs === undefined
        ? (a.oldestPendingMs ?? b.oldestPendingMs)
        : Math.max(a.oldestPendingMs, b.oldestPendingMs),
    lagMs: Math.max(a.lagMs, b.lagMs),
    delayed: a.delayed + b.delayed,
    deadLetters: a.deadLetters + b.deadLetters,
    at: Math.max(a.at, b.at),
    appended: a.appended + b.appended,
    appendedLately: a.appendedLately + b.appendedLately,
    isPaused: a.isPaused || b.isPaused,
    pausedAt: first?.pausedAt,
    pausedBy: first?.pausedBy,
    handler: a.handler || b.handler,
    recovery: timeOf(a.recovery) >= timeOf(b.recovery) ? a.recovery : b.recovery,
    consumers: byName([...a.consumers, ...b.consumers]),
  };
}

/** When a recovery was, as it was noted there. */
function timeOf(recovery: string): number {
  return recovery === '' ? 0 : (JSON.parse(recovery) as { at: number }).at;
}

function toConsumers(flat: readonly (string | number)[]): GroupStanding['consumers'] {
  const consumers: GroupStanding['consumers'] = [];
  for (let i = 0; i < flat.length; i += 3)
    consumers.push({ name: String(flat[i]), pending: Number(flat[i + 1]), idleMs: Number(flat[i + 2]) });
  return byName(consumers);
}

/** A consumer of the journal is one of the redrives too, and of other partitions. */
function byName(consumers: GroupStanding['consumers']): GroupStanding['consumers'] {
  const byName = new Map<string, GroupStanding['consumers'][number]>();
  for (const { name, pending, idleMs } of consumers) {
    const before = byName.get(name);
    byName.set(name, {
      name,
      pending: pending + (before?.pending ?? 0),
      idleMs: Math.min(idleMs, before?.idleMs ?? idleMs),
    });
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

import { Injectable } from '@nestjs/common';
import { ValidationFailedError } from '../../common/index.js';
import { EventStore, MOST_PARTITIONS, workerOf } from '../../event-store/index.js';
import { RedisConnections } from '../../redis/index.js';
import { GroupCatalog } from './group-info.js';
import { SCRIPTS } from '../scripts.js';

/** Most bytes of bodies that one page looks at: an entry's type and run stand beside its body. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;
const ID = '[0-9]{1,19}-[0-9]{1,19}';
/** The partition, but for the first; where it has come to there in the journal, among the redrives, and among those that wait for more than an hour. */
const CURSOR = new RegExp(`^(?:([1-9][0-9]?)\\.)?(${ID})?_(${ID})?(?:_(r?${ID})_([0-9]{1,15}))?$`);
const STATE = /^(\d+) \d+ ([rswph]) \d+ \d+ ?\S* ?(.*)$/s;

/**
 * How an entry stands.
 *
 * - `waiting`: given out, or handed back, and not begun (again) yet
 * - `running`: begun, and without an outcome
 * - `suspect`: begun alone, since a process died while it handled it
 * - `abandoned`: begun, and its lease has ended: its process is gone, or can't reach Redis
 * - `parked`: of an ordered group, waits behind an earlier event of its run
 * - `delayed`: waits for its next try
 *
 * @publicApi
 */
export type PendingState = 'waiting' | 'running' | 'suspect' | 'abandoned' | 'parked' | 'delayed';

/** An event that a group was given and has no outcome for. @publicApi */
export interface PendingEntry {
  /** Id of the journal's entry. */
  entryId: string;
  /** Whether it is a dead letter that was sent back. */
  isRedrive: boolean;
  /** Undefined when the event is trimmed or can't be read. */
  runId: string | undefined;
  type: string | undefined;
  /** Who holds it, or held it last. */
  consumer: string;
  /** Since it was appended, or sent back, in ms. */
  ageMs: number;
  /** Since its consumer got it or renewed its lease, in ms. */
  idleMs: number;
  /** How often it was begun. */
  attempts: number;
  /** In ms of Redis's clock; undefined when it does not wait for another try. */
  nextTryAt: number | undefined;
  /** Why the last attempt failed. */
  lastError: string | undefined;
  state: PendingState;
}

type Row = [
  where: 'journal' | 'redrive' | 'later',
  /** Of one that waits for more than an hour: its name there. */
  id: string,
  consumer: string,
  idleMs: number,
  state: string,
  leaseMs: number,
  due: string,
  type: string,
  runId: string,
  origin: string,
  waitedFrom: '' | 'journal' | 'redrive',
];

/** What the groups of a tenant are at. @publicApi */
@Injectable()
export class PendingEntries {
  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly groups: GroupCatalog,
  ) {}

  /**
   * A page, oldest first; then what waits for more than an hour, by its next try; all of that partition by partition. It
   * looks at a bounded number of bytes: it may hold fewer than `limit`, or none, and still have a next one.
   *
   * @param limit at most 1000
   * @throws GroupNotFoundError, ValidationFailedError
   */
  async list(
    tenantId: string,
    name: string,
    limit: number,
    cursor = '_',
  ): Promise<{ entries: PendingEntry[]; next: string | undefined }> {
    const places = CURSOR.exec(cursor);
    if (!places) {
      throw new ValidationFailedError([{ path: 'cursor', message: 'must be next_cursor of a page' }]);
    }
    const { partitions } = this.store;
    const partition = Number(places[1] ?? 0);
    if (partition >= MOST_PARTITIONS)
      throw new ValidationFailedError([{ path: 'cursor', message: 'must be next_cursor of a page' }]);
    const group = await this.groups.find(tenantId, name);
    const keys = this.store.keys.group(tenantId, partition, group);
    const [ofJournal, ofRedrives] = [keys.state('journal'), keys.state('redrive')];
    let [, , afterJournal, afterRedrive, afterLater, lastDue] = places;
    const [now, more, ordered, ...rows] = (await SCRIPTS.pending.run(
      this.redis.commands,
      [
        ...[this.store.keys.partition(tenantId, partition).journal, ofJournal.entries, ofJournal.delayed],
        ...[keys.redrive, ofRedrives.entries, ofRedrives.delayed, keys.owner],
        ...[keys.later.due, keys.later.entries],
      ],
      [
        ...[group, startAfter(afterJournal), startAfter(afterRedrive), limit, MAX_PAGE_BYTES],
        ...[afterLater ?? '', lastDue ?? 0],
      ],
    )) as [number, string, string, ...Row[]];
    for (const [where, id, , , , , due] of rows) {
      if (where === 'redrive') afterRedrive = id;
      else if (where === 'journal') afterJournal = id;
      else [afterLater, lastDue] = [id, due];
    }
    const later = afterLater === undefined ? '' : `_${afterLater}_${lastDue ?? 0}`;
    return {
      entries: rows.map((row) => toEntry(row, now, ordered === '1')),
      next:
        more === '1'
          ? cursorIn(partition, `${afterJournal ?? ''}_${afterRedrive ?? ''}${later}`)
          : partition + 1 < partitions.countOf(tenantId)
            ? cursorIn(partition + 1, '_')
            : undefined,
    };
  }
}

function cursorIn(partition: number, place: string): string {
  return partition === 0 ? place : `${partition}.${place}`;
}

function startAfter(id: string | undefined): string {
  return id === undefined ? '-' : `(${id}`;
}

function toEntry(row: Row, now: number, isOrdered: boolean): PendingEntry {
  const [where, id, consumer, idleMs, text, leaseMs, due, type, runId, origin, waitedFrom] = row;
  const [, attempts, flag, lastError] = STATE.exec(text) ?? [];
  // What has come back from a wait of more than an hour is what it was before.
  const isRedrive = waitedFrom === '' ? where === 'redrive' : waitedFrom === 'redrive';
  // Given out and never handed back: outside of ordered groups its first attempt began with that.
  const isFirst = text === '' && due === '' && !isOrdered;
  const isBegun = isFirst || flag === 'r' || flag === 's';
  const isDelayed = !isBegun && due !== '' && Number(due) > now;
  return {
    entryId: origin === '' ? id : origin,
    isRedrive,
    runId: runId === '' ? undefined : runId,
    type: type === '' ? undefined : type,
    consumer: workerOf(consumer)?.worker ?? consumer,
    ageMs: Math.max(now - Number(/\d+/.exec(isRedrive || origin === '' ? id : origin)?.[0]), 0),
    idleMs,
    attempts: isFirst ? 1 : Number(attempts ?? 0),
    nextTryAt: isDelayed ? Number(due) : undefined,
    lastError: lastError === '' ? undefined : lastError,
    state: stateOf(flag, isBegun && leaseMs > 0 && idleMs > leaseMs, isBegun, isDelayed),
  };
}

function stateOf(
  flag: string | undefined,
  isAbandoned: boolean,
  isBegun: boolean,
  isDelayed: boolean,
): PendingState {
  if (isAbandoned) return 'abandoned';
  if (flag === 's') return 'suspect';
  if (isBegun) return 'running';
  if (isDelayed) return 'delayed';
  return flag === 'p' ? 'parked' : 'waiting';
}

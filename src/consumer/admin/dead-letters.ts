import { Injectable } from '@nestjs/common';
import { DeadLetterNotFoundError, ValidationFailedError } from '../../common/index.js';
import {
  EventStore,
  GROUP_PATTERN,
  MOST_PARTITIONS,
  type RawEntry,
  readJournalEntry,
  shownName,
} from '../../event-store/index.js';
import {
  compareEventIds,
  decodeEvent,
  parseEventId,
  type RecordedEvent,
  tryParseEventId,
} from '../../events/index.js';
import { BulkReads, type Reader, type ReadFor, redisCall, RedisConnections } from '../../redis/index.js';
import { GroupCatalog } from './group-info.js';
import { partitionOf, WorkSignals } from '../../stream-consumer/index.js';
import { groupWork } from '../group/group-work.js';
import { SCRIPTS } from '../scripts.js';

/** Letters that one call looks at in each group, so that a filter which matches nothing has an end. */
const MAX_LOOKED_AT = 1000;
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
const LETTER_ID = /^([^.]+)\.(?:([1-9][0-9]?)\.)?([0-9]+-[0-9]+)$/;

/** An event that a group has given up. @publicApi */
export interface DeadLetter {
  /** `<group>.<id in the group's dead letters>`; in partitions other than the first `<group>.<partition>.<id>` */
  id: string;
  group: string;
  /** Id of its entry in the journal. */
  entryId: string;
  runId: string | undefined;
  /** Undefined when the event was trimmed, or can't be read. */
  event: RecordedEvent | undefined;
  error: string;
  attempts: number;
  /** In ms of Redis's clock. */
  firstFailureAt: number;
  lastFailureAt: number;
}

/** Which dead letters are meant. @publicApi */
export interface DeadLetterFilter {
  /** Default: all groups. */
  group?: string | undefined;
  /** As in history: `llm.*,lifecycle.completed`. */
  type?: string | undefined;
}

/** Where a group's dead letters are: each of the tenant's partitions has its own. */
interface Place {
  /** As Redis has it; of an id, as callers have it. */
  group: string;
  partition: number;
}

interface LetterId extends Place {
  position: string;
}

interface Page {
  letters: DeadLetter[];
  /** The last letter looked at; undefined when there are no more. */
  lookedAt: string | undefined;
}

/** The dead letters of a tenant: what its groups have given up, and the way back. @publicApi */
@Injectable()
export class DeadLetters {
  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly groups: GroupCatalog,
    private readonly bulk: BulkReads,
    private readonly signals: WorkSignals,
  ) {}

  /**
   * A page of dead letters, newest first. With a filter it may be short, or empty, and still have a next one.
   *
   * @param cursor `next` of the page before
   * @param reader for whom
   * @throws GroupNotFoundError, UnknownEventTypeError, ValidationFailedError
   */
  async list(
    tenantId: string,
    filter: DeadLetterFilter,
    limit: number,
    cursor?: string,
    reader: ReadFor = { lane: 'page' },
  ): Promise<{ letters: DeadLetter[]; next: string | undefined }> {
    this.store.types.parseFilter(filter.type);
    const after = cursor === undefined ? undefined : readCursor(cursor);
    const names =
      filter.group === undefined
        ? await this.groups.names(tenantId)
        : [await this.groups.find(tenantId, filter.group)];
    const places = names.flatMap((group) => this.placesOf(tenantId, group));
    const pages = await Promise.all(
      places.map((place) =>
        this.read({ ...reader, tenantId }, place, positionAfter(place, after), limit + 1, filter.type),
      ),
    );
    const found = pages.flatMap(({ letters }) => letters).sort(newestFirst);
    // What comes after the end of any page that has more is not known yet.
    const ends = places.flatMap((place, i) => {
      const position = pages[i]?.lookedAt;
      return position === undefined ? [] : [formatLetterId({ ...place, position })];
    });
    const horizon = ends.sort((a, b) => newestFirst({ id: a }, { id: b }))[0];
    const known =
      horizon === undefined ? found : found.filter((letter) => newestFirst(letter, { id: horizon }) <= 0);
    const letters = known.slice(0, limit);
    const isWhole = letters.length === known.length;
    return { letters, next: isWhole ? horizon : letters.at(-1)?.id };
  }

  /**
   * Sends one back to its group, and to no other, once: a second call finds none.
   *
   * @throws DeadLetterNotFoundError; ValidationFailedError when its event was trimmed
   */
  async redrive(tenantId: string, id: string): Promise<void> {
    const { position, ...place } = await this.locate(tenantId, id);
    const { sent, left } = await this.send(tenantId, place, position, position, 1);
    if (left > 0) {
      throw new ValidationFailedError([
        { path: 'id', message: 'its event was trimmed, so there is nothing to send back: delete it' },
      ]);
    }
    if (sent === 0) throw new DeadLetterNotFoundError();
  }

  /**
   * Sends back up to `limit` of a group's, oldest first in each partition.
   *
   * @throws GroupNotFoundError, UnknownEventTypeError
   */
  async redriveAll(
    tenantId: string,
    group: string,
    limit: number,
    type?: string,
  ): Promise<{ redriven: number; trimmed: number }> {
    this.store.types.parseFilter(type);
    const stored = await this.groups.find(tenantId, group);
    const result = { redriven: 0, trimmed: 0 };
    for (const place of this.placesOf(tenantId, stored)) {
      // Those that die again while this goes on are not sent another time.
      const last = await this.newestOf(tenantId, place);
      let from: string | undefined = last === undefined ? undefined : '-';
      while (from !== undefined && last !== undefined && result.redriven < limit) {
        const page = await this.send(tenantId, place, from, last, limit - result.redriven, type);
        result.redriven += page.sent;
        result.trimmed += page.left;
        from = page.lookedAt === '' ? undefined : `(${page.lookedAt}`;
      }
    }
    return result;
  }

  /** @throws DeadLetterNotFoundError */
  async delete(tenantId: string, id: string): Promise<void> {
    const { group, partition, position } = await this.locate(tenantId, id);
    const { dead } = this.store.keys.group(tenantId, partition, group);
    const deleted = await redisCall(this.redis.commands.xdel(dead, position));
    if (deleted === 0) throw new DeadLetterNotFoundError();
  }

  /** Deletes all of a group's. @throws GroupNotFoundError */
  async deleteAll(tenantId: string, group: string): Promise<void> {
    const stored = await this.groups.find(tenantId, group);
    for (const { partition } of this.placesOf(tenantId, stored))
      await redisCall(this.redis.commands.unlink(this.store.keys.group(tenantId, partition, stored).dead));
  }

  private placesOf(tenantId: string, group: string): Place[] {
    return this.store.partitions.of(tenantId).map((partition) => ({ group, partition }));
  }

  private async locate(tenantId: string, id: string): Promise<LetterId> {
    const letter = tryParseLetterId(id);
    if (!letter) throw new DeadLetterNotFoundError();
    const group = await this.groups.find(tenantId, letter.group).catch((error: unknown) => {
      throw error instanceof Error && error.name === 'GroupNotFoundError'
        ? new DeadLetterNotFoundError()
        : error;
    });
    return { ...letter, group };
  }

  private async read(
    reader: Reader,
    { group, partition }: Place,
    from: string,
    limit: number,
    type: string | undefined,
  ): Promise<Page> {
    const { tenantId } = reader;
    const [lookedAt, ...letters] = (await this.bulk.run(reader, MAX_PAGE_BYTES, (connection) =>
      SCRIPTS.readDead.run(
        connection,
        [this.store.keys.group(tenantId, partition, group).dead],
        [from, limit, MAX_LOOKED_AT, MAX_PAGE_BYTES, type ?? ''],
      ),
    )) as [string, ...RawEntry[]];
    return {
      letters: letters.map((entry) => toDeadLetter(tenantId, { group, partition }, entry)),
      lookedAt: lookedAt === '' ? undefined : lookedAt,
    };
  }

  private async send(
    tenantId: string,
    { group, partition }: Place,
    from: string,
    to: string,
    most: number,
    type = '',
  ): Promise<{ sent: number; left: number; lookedAt: string }> {
    const keys = this.store.keys.group(tenantId, partition, group);
    const work = groupWork(partitionOf(tenantId, partition), group);
    const [sent, left, lookedAt] = (await this.signals.around([work], () =>
      SCRIPTS.redrive.run(
        this.redis.commands,
        [keys.dead, keys.redrive],
        [from, to, most, MAX_LOOKED_AT, MAX_PAGE_BYTES, type],
      ),
    )) as [number, number, string];
    return { sent, left, lookedAt };
  }

  private async newestOf(tenantId: string, { group, partition }: Place): Promise<string | undefined> {
    const { dead } = this.store.keys.group(tenantId, partition, group);
    const [newest] = await redisCall(this.redis.commands.xrevrange(dead, '+', '-', 'COUNT', 1));
    return newest?.[0];
  }
}

function toDeadLetter(tenantId: string, place: Place, [position, fields]: RawEntry): DeadLetter {
  const value = new Map<string, string>();
  for (let i = 0; i < fields.length; i += 2) value.set(fields[i] ?? '', fields[i + 1] ?? '');
  return {
    id: formatLetterId({ ...place, position }),
    group: shownName(place.group),
    entryId: value.get('o') ?? value.get('entry') ?? '',
    runId: value.get('r'),
    event: eventOf(tenantId, [position, fields]),
    error: value.get('error') ?? '',
    attempts: Number(value.get('attempts') ?? 0),
    firstFailureAt: Number(value.get('first') ?? 0),
    lastFailureAt: Number(value.get('last') ?? 0),
  };
}

function eventOf(tenantId: string, entry: RawEntry): RecordedEvent | undefined {
  try {
    const { runId, event } = readJournalEntry(entry);
    return decodeEvent(tenantId, runId, event);
  } catch {
    return undefined;
  }
}

function formatLetterId({ group, partition, position }: LetterId): string {
  const name = shownName(group);
  return partition === 0 ? `${name}.${position}` : `${name}.${partition}.${position}`;
}

function tryParseLetterId(id: string): LetterId | undefined {
  const [, group = '', partition = '0', position = ''] = LETTER_ID.exec(id) ?? [];
  const isOne = GROUP_PATTERN.test(group) && tryParseEventId(position) && Number(partition) < MOST_PARTITIONS;
  return isOne ? { group, partition: Number(partition), position } : undefined;
}

function readCursor(cursor: string): LetterId {
  const letter = tryParseLetterId(cursor);
  if (letter) return letter;
  throw new ValidationFailedError([{ path: 'cursor', message: 'must be the next_cursor of a page' }]);
}

/** Where a place's part of the next page begins: letters are in the order of their ids, then of their places. */
function positionAfter(place: Place, after: LetterId | undefined): string {
  if (!after) return '+';
  return comparePlaces(place, after) > 0 ? after.position : `(${after.position}`;
}

function comparePlaces(a: Place, b: Place): number {
  const [left, right] = [shownName(a.group), shownName(b.group)];
  return left === right ? a.partition - b.partition : left < right ? -1 : 1;
}

function newestFirst(a: { id: string }, b: { id: string }): number {
  const [left, right] = [tryParseLetterId(a.id), tryParseLetterId(b.id)];
  if (!left || !right) throw new TypeError('Dead letters are compared by their ids.');
  const byTime = compareEventIds(parseEventId(right.position), parseEventId(left.position));
  return byTime || comparePlaces(left, right);
}

import { Injectable } from '@nestjs/common';
import { BEGINNING, type EventId, formatEventId } from '../../../events/index.js';
import { BulkReads, LIVE, type ReadFor, RedisConnections } from '../../../redis/index.js';
import type { SliceOptions } from '../../watch/feed/event-log.js';
import { EventStore, type LogRange } from '../event-store.js';
import { type JournalPage, readJournalPage } from './journal-page.js';
import { type JournalRange, readJournalRange } from './journal-range.js';
import { SCRIPTS } from '../../scripts.js';

/** How a tenant's journal stands. */
export interface JournalInfo {
  /** Entries in it. */
  length: number;
  /** Id of the oldest; null without one. */
  first: string | null;
  /** The last id that it gave, also when that entry was deleted since; null before the first. */
  last: string | null;
  groups: JournalGroupInfo[];
}

export interface JournalGroupInfo {
  name: string;
  /** Entries that were given out and are not acknowledged. */
  pending: number;
  /** Entries that were not given out yet: never unknown, and exact also after deletions. */
  lag: number;
}

/**
 * The journal of a tenant: the events of all its runs in the order of their appending, but for the types that are
 * left out. Its ids are its own, `<ms>-<n>`, and `n` counts from 1; deleting a run leaves a hole. Each partition has a
 * part of it, with ids of its own.
 *
 * Every method throws RedisUnavailableError when Redis can't answer. A tenant without a journal has an empty one.
 */
@Injectable()
export class Journal {
  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly bulk: BulkReads,
  ) {}

  /** Of one partition: a page after a cursor, and what became of the cursor. Default: from the beginning. */
  async read(tenantId: string, options: Partial<SliceOptions> = {}, partition = 0): Promise<JournalPage> {
    const cursor = options.after ?? BEGINNING;
    const after = formatEventId(cursor);
    const { limit = 1000, maxBytes = 262_144 } = options;
    const reply = await this.run(tenantId, partition, options.reader, maxBytes, [
      `(${after}`,
      '+',
      'asc',
      limit,
      maxBytes,
      after,
    ]);
    return readJournalPage(tenantId, cursor, reply);
  }

  /** Part of it, forwards or backwards: `from` and `to` are cursors, or `-` and `+`, with `(` before what is exclusive. */
  readRange(tenantId: string, range: LogRange): Promise<JournalRange> {
    return readJournalRange(this.store.partitions.countOf(tenantId), range, (partition, its) =>
      this.readRangeOf(tenantId, partition, its),
    );
  }

  private async readRangeOf(tenantId: string, partition: number, range: LogRange): Promise<JournalPage> {
    const { from, to, order, limit, maxBytes } = range;
    const args = [from, to, order, limit, maxBytes, ''];
    return readJournalPage(
      tenantId,
      undefined,
      await this.run(tenantId, partition, range.reader, maxBytes, args),
    );
  }

  /** Of one partition. */
  async journalInfo(tenantId: string, partition = 0): Promise<JournalInfo> {
    const { journal, journalLast, journalDeleted } = this.store.keys.partition(tenantId, partition);
    const [length, first, last, ...rest] = (await SCRIPTS.journalInfo.run(
      this.redis.commands,
      [journal, journalLast, journalDeleted],
      [],
    )) as [number, string, string, ...(string | number)[]];
    const groups: JournalGroupInfo[] = [];
    for (let i = 0; i + 2 < rest.length; i += 3) {
      groups.push({ name: String(rest[i]), pending: Number(rest[i + 1]), lag: Number(rest[i + 2]) });
    }
    return { length, first: first || null, last: last || null, groups };
  }

  /** The last id that a partition gave, without reading any of its entries; the beginning when it gave none. */
  async last(tenantId: string, partition = 0): Promise<EventId> {
    const keys = this.keysOf(tenantId, partition);
    const reply = await SCRIPTS.readJournal.run(this.redis.commands, keys, ['-', '+', 'asc', 0, 0, '']);
    return readJournalPage(tenantId, undefined, reply).last;
  }

  private run(
    tenantId: string,
    partition: number,
    reader: ReadFor = LIVE,
    maxBytes: number,
    args: (string | number)[],
  ): Promise<unknown> {
    return this.bulk.run({ ...reader, tenantId }, maxBytes, (connection) =>
      SCRIPTS.readJournal.runForBytes(connection, this.keysOf(tenantId, partition), args),
    );
  }

  private keysOf(tenantId: string, partition: number): string[] {
    const { journal, journalLast, journalTrimmed } = this.store.keys.partition(tenantId, partition);
    return [journal, journalLast, journalTrimmed];
  }
}

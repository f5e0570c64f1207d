import { Injectable } from '@nestjs/common';
import { type EncodedEvent, EventStore, Journal, tryParseJournalCursor } from '../../event-store/index.js';
import type { ReadFor } from '../../redis/index.js';
import type { JournalHistoryQuery } from '../dto/journal.dto.js';
import { boundary, fillPage, type PageEnd } from './fill-page.js';
import { journalFilter, readRunIds } from './journal-filter.js';

/** A page of a journal with a million entries must not take all of them through this process. */
const MOST_LOOKED_AT = 50_000;

export interface JournalPageRequest {
  /** The page, as it is read. */
  events: AsyncGenerator<EncodedEvent[], PageEnd, undefined>;
  /** The cursor of a watcher that goes on where the page has ended; undefined when it looked at nothing. */
  watchFrom: (end: PageEnd) => string | undefined;
}

/** Pages through a tenant's journal, filled up with events that pass the filters. */
@Injectable()
export class JournalHistoryService {
  constructor(
    private readonly store: EventStore,
    private readonly journal: Journal,
  ) {}

  /** @throws InvalidEventIdError, UnknownEventTypeError; with the first events: RedisUnavailableError, OverloadedError */
  read(tenantId: string, query: JournalHistoryQuery, reader: ReadFor): JournalPageRequest {
    const { order, limit } = query;
    const from = boundary(query.start_id, 'start_id', tryParseJournalCursor);
    const to = boundary(query.end_id, 'end_id', tryParseJournalCursor);
    const passes = journalFilter(this.store.types.parseFilter(query.type), readRunIds(query.run_id));
    const lasts: string[] = [];
    const events = fillPage(
      { order, limit, from, to, passes, mostLookedAt: MOST_LOOKED_AT },
      async (range) => {
        const page = await this.journal.readRange(tenantId, { ...range, reader });
        lasts.push(page.last);
        return page;
      },
    );
    return {
      events,
      watchFrom: ({ next, lookedAt }) => {
        const isToTheEnd = to === '+' && (order === 'desc' || !next);
        const covered = order === 'asc' ? lookedAt?.last : lookedAt?.first;
        // Backwards, the first reading began at the end; forwards, the last one came to it.
        return isToTheEnd ? lasts.at(order === 'asc' ? -1 : 0) : covered;
      },
    };
  }
}

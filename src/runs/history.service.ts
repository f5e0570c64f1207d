import { Injectable } from '@nestjs/common';
import { InvalidEventIdError } from '../common/index.js';
import { type EncodedEvent, EventStore } from '../event-store/index.js';
import { type EventTypeFilter, sameEventId, tryParseEventId } from '../events/index.js';
import type { HistoryQuery } from './dto/queries.dto.js';

/** A page ends early when its events reach this. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;
/** What one call to Redis may bring, so that it holds up nobody else for long. */
const READ_BYTES = 1024 * 1024;
const READ_EVENTS = 1000;

export interface HistoryPage {
  events: EncodedEvent[];
  /** The first event of the next page; undefined on the last. */
  next: EncodedEvent | undefined;
}

/** Pages through a run's log, filled up with events that pass the filter. */
@Injectable()
export class HistoryService {
  constructor(private readonly store: EventStore) {}

  /**
   * @throws InvalidEventIdError, UnknownEventTypeError, RunNotFoundError, RunExpiredError, RedisUnavailableError
   */
  async read(tenantId: string, runId: string, query: HistoryQuery): Promise<HistoryPage> {
    const { order, limit } = query;
    const filter = this.store.types.parseFilter(query.type);
    const position = { from: boundary(query.start_id, 'start_id'), to: boundary(query.end_id, 'end_id') };
    const page: HistoryPage = { events: [], next: undefined };
    let bytes = 0;
    // A filter may let one in a thousand through, or each: what is looked at grows with what it hides.
    let scan = Math.min(READ_EVENTS, limit + 1);
    for (;;) {
      const read = await this.store.readRange(tenantId, runId, {
        ...position,
        order,
        limit: filter ? scan : Math.min(READ_EVENTS, limit + 1 - page.events.length),
        maxBytes: READ_BYTES,
      });
      for (const event of passing(read.events, filter)) {
        bytes += event.json.length;
        const isFull = page.events.length === limit || (page.events.length > 0 && bytes > MAX_PAGE_BYTES);
        if (isFull) return { ...page, next: event };
        page.events.push(event);
      }
      const last = read.events.at(-1);
      const end = order === 'asc' ? read.last : read.first;
      if (!last || (end && sameEventId(last.position, end))) return page;
      if (order === 'asc') position.from = `(${last.id}`;
      else position.to = `(${last.id}`;
      scan = Math.min(READ_EVENTS, scan * 4);
    }
  }
}

function passing(events: EncodedEvent[], filter: EventTypeFilter | undefined): EncodedEvent[] {
  return filter ? events.filter((event) => filter(event.type)) : events;
}

function boundary(text: string, name: string): string {
  if (text === '-' || text === '+' || tryParseEventId(text)) return text;
  throw new InvalidEventIdError(name, '<milliseconds>-<sequence>, like 1795279279000-42, or - or +');
}

import { Injectable } from '@nestjs/common';
import { type EncodedEvent, EventStore } from '../event-store/index.js';
import { formatEventId, sameEventId } from '../events/index.js';
import type { HistoryQuery } from './dto/queries.dto.js';
import { boundary, fillPage } from './fill-page.js';

export interface HistoryPage {
  events: EncodedEvent[];
  /** The first event of the next page; undefined on the last. */
  next: { id: string } | undefined;
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
    const { events, next } = await fillPage(
      {
        order,
        limit,
        from: boundary(query.start_id, 'start_id'),
        to: boundary(query.end_id, 'end_id'),
        passes: filter && ((event) => filter(event.type)),
      },
      async (range) => {
        const page = await this.store.readRange(tenantId, runId, range);
        const reached = page.events.at(-1)?.position;
        const end = order === 'asc' ? page.last : page.first;
        const complete = !reached || (end !== undefined && sameEventId(reached, end));
        return { events: page.events, reached, complete };
      },
    );
    return { events, next: next && { id: formatEventId(next) } };
  }
}

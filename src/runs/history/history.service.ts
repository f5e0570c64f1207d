import { Injectable } from '@nestjs/common';
import { type EncodedEvent, EventStore } from '../../event-store/index.js';
import { formatEventId, sameEventId } from '../../events/index.js';
import type { ReadFor } from '../../redis/index.js';
import type { HistoryQuery } from '../dto/queries.dto.js';
import { boundary, fillPage, type PageEnd } from './fill-page.js';

/** Pages through a run's log, filled up with events that pass the filter. */
@Injectable()
export class HistoryService {
  constructor(private readonly store: EventStore) {}

  /**
   * A page, as it is read.
   *
   * @throws InvalidEventIdError, UnknownEventTypeError; with its first events: RunNotFoundError, RunExpiredError,
   *   RedisUnavailableError, OverloadedError
   */
  read(
    tenantId: string,
    runId: string,
    query: HistoryQuery,
    reader: ReadFor,
  ): AsyncGenerator<EncodedEvent[], PageEnd, undefined> {
    const { order, limit } = query;
    const filter = this.store.types.parseFilter(query.type);
    return fillPage(
      {
        order,
        limit,
        from: boundary(query.start_id, 'start_id'),
        to: boundary(query.end_id, 'end_id'),
        passes: filter && ((event) => filter(event.type)),
      },
      async (range) => {
        const page = await this.store.readRange(tenantId, runId, { ...range, reader });
        const reached = page.events.at(-1)?.position;
        const end = order === 'asc' ? page.last : page.first;
        const complete = !reached || (end !== undefined && sameEventId(reached, end));
        return { events: page.events, reached: reached && formatEventId(reached), complete };
      },
    );
  }
}

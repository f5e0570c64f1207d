import type { AnswerOf, BodyOf, QueryOf } from '../types.js';
import { type CallOptions, Routes } from './routes.js';

/** The journal: the events of all runs of the tenant. */
export class EventRoutes extends Routes {
  /** A page of the journal: go on with `next_id` until it is null, and live after `last_event_id`. */
  list(
    query: QueryOf<'listJournalEvents'> = {},
    { signal }: CallOptions = {},
  ): Promise<AnswerOf<'listJournalEvents'>> {
    return this.call<'listJournalEvents'>('GET', '/events', { query, signal });
  }

  /** A ticket for an `EventSource`, which can send no headers. */
  createStreamTicket(
    body: BodyOf<'createStreamTicket'> = {},
    { signal }: CallOptions = {},
  ): Promise<AnswerOf<'createStreamTicket'>> {
    return this.call<'createStreamTicket'>('POST', '/events/stream-tickets', { body, signal });
  }
}

import type { AnswerOf, BodyOf, EventInput, QueryOf, Run, RunEvent } from '../types.js';
import { type CallOptions, type IdempotentOptions, path, Routes } from './routes.js';

export interface AppendManyOptions extends IdempotentOptions {
  /** Only if the run is at this sequence; else it is `SEQUENCE_CONFLICT`. */
  expectedSequence?: number;
  /** Of a claim: as the run's executor. */
  leaseToken?: string;
}

/** Runs, and the events of each. */
export class RunRoutes extends Routes {
  /** Starts a run; without an `executor` its events are yours to append. */
  create(body: BodyOf<'createRun'>, { idempotencyKey, signal }: IdempotentOptions = {}): Promise<Run> {
    return this.call<'createRun'>('POST', '/runs', {
      body,
      headers: { 'idempotency-key': idempotencyKey },
      signal,
    });
  }

  /** A page of runs, newest first: go on with `next_cursor` as `cursor`. */
  list(query: QueryOf<'listRuns'> = {}, { signal }: CallOptions = {}): Promise<AnswerOf<'listRuns'>> {
    return this.call<'listRuns'>('GET', '/runs', { query, signal });
  }

  /** How many runs are pending or running, and how many have ended within the last hour. */
  counts({ signal }: CallOptions = {}): Promise<AnswerOf<'countRuns'>> {
    return this.call<'countRuns'>('GET', '/runs/counts', { signal });
  }

  /** A run; with `wait_seconds`, once it has ended or the time is up. */
  get(id: string, query: QueryOf<'getRun'> = {}, { signal }: CallOptions = {}): Promise<Run> {
    const patienceMs = (query.wait_seconds ?? 0) * 1000;
    return this.call<'getRun'>('GET', path`/runs/${id}`, { query, signal, patienceMs });
  }

  /** Ends a run as `cancelled`. */
  cancel(id: string, body: BodyOf<'cancelRun'> = {}, { signal }: CallOptions = {}): Promise<Run> {
    return this.call<'cancelRun'>('POST', path`/runs/${id}/cancel`, { body, signal });
  }

  /** Deletes a run and its events, for every reader and for good. */
  delete(id: string, { signal }: CallOptions = {}): Promise<void> {
    return this.call<'deleteRun'>('DELETE', path`/runs/${id}`, { signal });
  }

  /** Appends events, all or none. For many, or over a bad line, there is `client.append()`. */
  append(
    id: string,
    events: EventInput | EventInput[],
    { idempotencyKey, expectedSequence, leaseToken, signal }: AppendManyOptions = {},
  ): Promise<AnswerOf<'appendEvents'>> {
    const headers = {
      'idempotency-key': idempotencyKey,
      'expected-sequence': expectedSequence?.toString(),
      'lease-token': leaseToken,
    };
    return this.call<'appendEvents'>('POST', path`/runs/${id}/events`, { body: events, headers, signal });
  }

  /** A page of events: go on with `next_id` as `start_id`, or with `order: 'desc'` as `end_id`, until it is null. */
  events(
    id: string,
    query: QueryOf<'listEvents'> = {},
    { signal }: CallOptions = {},
  ): Promise<AnswerOf<'listEvents'>> {
    return this.call<'listEvents'>('GET', path`/runs/${id}/events`, { query, signal });
  }

  /** All events that a query finds, page after page: `limit` is that of a page. */
  async *history(
    id: string,
    query: QueryOf<'listEvents'> = {},
    options: CallOptions = {},
  ): AsyncGenerator<RunEvent, void, undefined> {
    const next = query.order === 'desc' ? 'end_id' : 'start_id';
    for (let at: string | null = query[next] ?? null, isFirst = true; isFirst || at; isFirst = false) {
      const page = await this.events(id, at === null ? query : { ...query, [next]: at }, options);
      yield* page.events;
      at = page.next_id;
    }
  }

  /** Renews the lease of a run that you have claimed. With `wait_seconds`, once the run has ended or the time is up. */
  renewLease(
    id: string,
    leaseToken: string,
    body: BodyOf<'renewLease'> = {},
    { signal }: CallOptions = {},
  ): Promise<AnswerOf<'renewLease'>> {
    const headers = { 'lease-token': leaseToken };
    const patienceMs = (body.wait_seconds ?? 0) * 1000;
    return this.call<'renewLease'>('POST', path`/runs/${id}/lease`, { body, headers, signal, patienceMs });
  }

  /** Gives a run that you have claimed back: another claim gets it, as its next attempt. */
  release(
    id: string,
    leaseToken: string,
    body: BodyOf<'releaseRun'> = {},
    { signal }: CallOptions = {},
  ): Promise<void> {
    const headers = { 'lease-token': leaseToken };
    return this.call<'releaseRun'>('POST', path`/runs/${id}/release`, { body, headers, signal });
  }

  /** A ticket for an `EventSource`, which can send no headers. */
  createStreamTicket(
    id: string,
    body: BodyOf<'createRunStreamTicket'> = {},
    { signal }: CallOptions = {},
  ): Promise<AnswerOf<'createRunStreamTicket'>> {
    return this.call<'createRunStreamTicket'>('POST', path`/runs/${id}/stream-tickets`, { body, signal });
  }
}

import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { defer, firstValueFrom, merge, type Observable } from 'rxjs';
import { ValidationFailedError } from '../../common/index.js';
import {
  EventStore,
  RUN_ID_PATTERN,
  type RunFilter,
  type RunRecord,
  RunStore,
  RunWatcher,
} from '../../event-store/index.js';
import {
  type EventToAppend,
  isTerminal,
  prepareRun,
  type RecordedEvent,
  type RunInput,
  toEventInput,
  type TypesOf,
  type UntypedEvent,
} from '../../events/index.js';
import { activeTrace } from '../../tracing/index.js';
import { HistoryService } from '../history/history.service.js';
import { prepareBatch } from '../append/prepare-batch.js';
import { assertIdempotencyKey } from '../request-headers.js';
import { aborted, after, endOf } from '../run-end.js';
import { RunsService } from '../runs.service.js';
import { iterate, type RunUpdate, updates, type WatchRunOptions } from './run-updates.js';

/** For whom pages are read: the application itself, beside callers over HTTP. */
const READER = { lane: 'page', caller: 'application' } as const;
const MAX_PAGE = 10_000;
const MAX_LIST = 1000;

/** A run to be started. @publicApi */
export interface RunToStart extends Partial<RunInput> {
  /** What the run is to do, for people. 1 to 4096 characters. */
  task: string;
  /** Default: `external`, whose events somebody appends. */
  executor?: string;
  /**
   * Names the line of runs that it belongs to, such as a chat: 1 to 255 printable characters. A second call with it starts
   * a second run. Default: none.
   */
  key?: string;
  /** Only once: the same call with the same key gives the run that the first one started, for 24 hours. */
  idempotencyKey?: string;
}

/** Which events of a run are read. @publicApi */
export interface HistoryOptions<Filter extends string = string> {
  /** Most events. 1 to 10 000; default 1000. A page also ends at 16 MiB. */
  limit?: number;
  /** Default `asc`: the oldest first. */
  order?: 'asc' | 'desc';
  /** The first event's id, inclusive. Default: the oldest. */
  from?: string;
  /** The last event's id, inclusive. Default: the newest. */
  to?: string;
  /** Only these, such as `llm.*`. Default: all. */
  types?: readonly Filter[];
}

/** One page of the events of a run. @publicApi */
export interface HistoryPage<Type extends string = string> {
  events: RecordedEvent<Type>[];
  /** Where the next page begins: its `from`, or its `to` in descending order. Undefined on the last one. */
  next: string | undefined;
}

/** Which runs are listed. @publicApi */
export interface ListRunsOptions extends RunFilter {
  /** Most runs. 1 to 1000; default 50. */
  limit?: number;
  /** `next` of the page before. */
  cursor?: string;
}

/** How long is waited for the end of a run. @publicApi */
export interface WaitOptions {
  /** After so many milliseconds the run is given as it is then. Default: it waits for as long as the run takes. */
  timeoutMs?: number;
  /** Ends the waiting, which rejects with its reason. */
  signal?: AbortSignal;
}

/** What the operations work with. */
@Injectable()
export class RunOperationsDeps {
  constructor(
    readonly service: RunsService,
    readonly runs: RunStore,
    readonly store: EventStore,
    readonly pages: HistoryService,
    readonly watcher: RunWatcher,
  ) {}
}

/**
 * What can be done with the runs of one tenant. All of it throws RedisUnavailableError while Redis is away, but for
 * watching and waiting, which go on when it is back.
 *
 * @publicApi
 */
export abstract class RunOperations {
  constructor(protected readonly deps: RunOperationsDeps) {}

  protected abstract readonly tenantId: string;

  /** @throws ValidationFailedError, EventTooLargeError, UnknownExecutorError, IdempotencyConflictError */
  async start(options: RunToStart): Promise<RunRecord> {
    const { idempotencyKey, ...run } = asObject(options);
    const request = idempotencyKey === undefined ? undefined : requestOf(idempotencyKey, run);
    const { run: started } = await this.deps.service.create(this.tenantId, run, request, activeTrace());
    return started;
  }

  /** @throws RunNotFoundError */
  get(runId: string): Promise<RunRecord> {
    return this.deps.runs.get(this.tenantId, runId, () => Promise.resolve(READER));
  }

  /** Newest first. @throws ValidationFailedError */
  async list(options: ListRunsOptions = {}): Promise<{ runs: RunRecord[]; next: string | undefined }> {
    const { limit = 50, cursor, ...filter } = options;
    assertWhole(limit, 'limit', 1, MAX_LIST);
    if (filter.sinceMs !== undefined) assertWhole(filter.sinceMs, 'sinceMs', 0, Number.MAX_SAFE_INTEGER);
    if (cursor !== undefined && !RUN_ID_PATTERN.test(cursor))
      throw invalid('cursor', 'must be the `next` of a page');
    const { runs, next } = await this.deps.service.list(this.tenantId, filter, limit, cursor, READER);
    return { runs: [...runs], next };
  }

  /**
   * Appends one event, or 1 to 1000 of them: all or none.
   *
   * @param options `expectedSequence`: only if the run's last sequence is this
   * @returns the ids, in order; that of the first one for an event whose idempotency key the run has already
   * @throws ValidationFailedError, UnknownEventTypeError, EventTooLargeError, RunNotFoundError, RunEndedError,
   *   RunHasExecutorError for the lifecycle of a run that an executor owns, SequenceConflictError
   */
  append(
    runId: string,
    events: EventToAppend | readonly EventToAppend[],
    options: { expectedSequence?: number } = {},
  ): Promise<string[]> {
    return this.appendUntyped(runId, events, options);
  }

  /** The same for types that are known only when the program runs. They must be registered all the same. */
  async appendUntyped(
    runId: string,
    events: UntypedEvent | readonly UntypedEvent[],
    options: { expectedSequence?: number } = {},
  ): Promise<string[]> {
    const { store } = this.deps;
    const { expectedSequence } = options;
    if (expectedSequence !== undefined) assertWhole(expectedSequence, 'expectedSequence', 0);
    const prepared = prepareBatch(store, [events].flat().map(toEventInput), activeTrace());
    const { ids } = await store.appendPrepared(this.tenantId, runId, prepared, {
      ...(expectedSequence !== undefined && { expectedSequence }),
      fromOutside: true,
    });
    return ids;
  }

  /** @throws ValidationFailedError, InvalidEventIdError, UnknownEventTypeError, RunNotFoundError, RunExpiredError */
  history<const Filter extends string = string>(
    runId: string,
    options?: HistoryOptions<Filter>,
  ): Promise<HistoryPage<TypesOf<Filter>>>;
  async history(runId: string, options: HistoryOptions = {}): Promise<HistoryPage> {
    const { limit = 1000, order = 'asc', from = '-', to = '+', types } = options;
    assertWhole(limit, 'limit', 1, MAX_PAGE);
    if (order !== 'asc' && order !== 'desc') throw invalid('order', 'must be asc or desc');
    const query = { limit, order, start_id: from, end_id: to, ...(types && { type: types.join(',') }) };
    const reading = this.deps.pages.read(this.tenantId, runId, query, READER);
    const events: RecordedEvent[] = [];
    for (;;) {
      const { value, done } = await reading.next();
      if (done) return { events, next: value.next };
      for (const { json } of value) events.push(JSON.parse(String(json)) as RecordedEvent);
    }
  }

  /**
   * History, then live, without a gap, a duplicate or a change of order in between: until the run has ended, is deleted,
   * or the loop is left. It reads no faster than the loop takes.
   *
   * @throws while it is iterated: the reason of `signal` when that aborts; InvalidEventIdError, UnknownEventTypeError,
   *   RunNotFoundError, RunExpiredError
   */
  watch<const Filter extends string = string>(
    runId: string,
    options?: WatchRunOptions<Filter>,
  ): AsyncGenerator<RunUpdate<TypesOf<Filter>>, void, undefined>;
  watch(runId: string, options: WatchRunOptions = {}): AsyncGenerator<RunUpdate, void, undefined> {
    const { tenantId } = this;
    return iterate((demand) => updates(this.deps, tenantId, runId, options, demand), options.signal);
  }

  /** The same as an Observable: subscribers get it as fast as it comes. */
  watch$<const Filter extends string = string>(
    runId: string,
    options?: Omit<WatchRunOptions<Filter>, 'signal'>,
  ): Observable<RunUpdate<TypesOf<Filter>>>;
  watch$(runId: string, options: Omit<WatchRunOptions, 'signal'> = {}): Observable<RunUpdate> {
    const { tenantId } = this;
    return defer(() => updates(this.deps, tenantId, runId, options));
  }

  /** The run when it has ended, or as it is when the time is up. @throws RunNotFoundError; the reason of `signal` */
  async wait(runId: string, { timeoutMs, signal }: WaitOptions = {}): Promise<RunRecord> {
    signal?.throwIfAborted();
    const run = await this.get(runId);
    if (isTerminal(run.status)) return run;
    const over: Observable<unknown>[] = [await endOf(this.deps.watcher, this.tenantId, runId)];
    if (timeoutMs !== undefined) over.push(after(timeoutMs));
    if (signal) over.push(aborted(signal));
    await firstValueFrom(merge(...over), { defaultValue: undefined });
    signal?.throwIfAborted();
    return this.get(runId);
  }

  /** @throws RunNotFoundError, RunEndedError */
  async cancel(runId: string, reason?: string): Promise<RunRecord> {
    await this.deps.service.cancel(this.tenantId, runId, reason, activeTrace());
    return this.get(runId);
  }

  /** With its events and its journal entries. @throws RunNotFoundError */
  delete(runId: string): Promise<void> {
    return this.deps.service.delete(this.tenantId, runId);
  }
}

/** What callers in JavaScript give may be anything. @throws ValidationFailedError */
function asObject<T extends object>(value: T, path = ''): T {
  if (typeof value !== 'object' || (value as T | null) === null) throw invalid(path, 'must be an object');
  return value;
}

/** @throws ValidationFailedError */
function assertWhole(value: number, path: string, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw invalid(path, `must be a whole number from ${least} to ${most}`);
}

function invalid(path: string, message: string): ValidationFailedError {
  return new ValidationFailedError([{ path, message }]);
}

/** The same request again comes from another span. */
const NO_TRACE = { traceparent: undefined, tracestate: undefined };

/** @throws ValidationFailedError, EventTooLargeError */
function requestOf(key: string, run: RunToStart): { key: string; fingerprint: string } {
  assertIdempotencyKey(key, 'idempotencyKey');
  const { context, ...asked } = prepareRun(run);
  return {
    key,
    fingerprint: createHash('sha256')
      .update(JSON.stringify([run.executor, { ...asked, context: { ...context, ...NO_TRACE } }]))
      .digest('base64url'),
  };
}

import { Inject, Injectable } from '@nestjs/common';
import { RunExpiredError, RunNotFoundError, ValidationFailedError } from '../../common/index.js';
import {
  BEGINNING,
  type EventId,
  type EventInput,
  EventTypeRegistry,
  formatEventId,
  isTerminal,
  type PreparedEvent,
  prepareEvent,
  type TraceContext,
} from '../../events/index.js';
import { BulkReads, LIVE, type ReadFor, redisCall, RedisConnections } from '../../redis/index.js';
import { type AppendResult, readAppendReply } from './append-result.js';
import { AcknowledgedRuns } from '../failover/acknowledged.js';
import { EventStoreMetrics } from '../event-store-metrics.js';
import { EVENT_STORE_DEFAULTS, EVENT_STORE_OPTIONS, type EventStoreOptions } from '../event-store-options.js';
import { eventArgs } from './event-arguments.js';
import { Keyspace } from './keys.js';
import { type LogPage, readLocation, readLogPage } from './log-page.js';
import { Partitions } from '../partitions/partitions.js';
import { WorkSignals } from '../../stream-consumer/index.js';
import { partitionOfRun } from './runs/run-id.js';
import { journalWork } from './store-work.js';
import { StoreLimits } from './store-limits.js';
import { SCRIPTS } from '../scripts.js';

/** Answers to idempotent requests are remembered for a day. */
export const REQUEST_TTL_SECONDS = 86_400;
/** Most events in one append. */
export const MAX_BATCH_EVENTS = 1000;
/** Longer events take the long way: their message may be too large to be sent. */
const MAX_SHORT_BODY = 16_384;
/** Journal entries that one step of a deletion looks at: any of them may be large. */
const DELETE_PAGE = 100;
/** Longer than what was acknowledged is remembered (AcknowledgedRuns). */
const DELETED_SECONDS = 180;

/** A request that may be sent again: its key, and a digest of what it asks for. */
export interface IdempotentRequest {
  key: string;
  fingerprint: string;
}

export interface AppendOptions {
  /** Append only if the run's last sequence is this. */
  expectedSequence?: number;
  /** Append only while this fence is the run's: what an executor was given when it took the run up. */
  fence?: number;
  /** The event comes over the API and not from the run's executor, which alone may write lifecycle events. */
  fromOutside?: boolean;
  request?: IdempotentRequest;
}

export interface ReadOptions {
  /** Read what comes after this event. Default: from the beginning. */
  after?: EventId;
  /** Most events. Default 1000. */
  limit?: number;
  /** Most bytes of events; one event is given in any case. Default 256 KiB. */
  maxBytes?: number;
  /** For whom. Default: for all who watch. */
  reader?: ReadFor;
}

export interface LogRange {
  /** An id, inclusive, or `-`. */
  from: string;
  /** An id, inclusive, or `+`. */
  to: string;
  order: 'asc' | 'desc';
  limit: number;
  maxBytes: number;
  /** For whom. Default: for all who watch. */
  reader?: ReadFor;
}

export interface StoreInfo {
  /** Events in the log. */
  length: number;
  /** Ids of the oldest and the newest of them; null without one. */
  first: string | null;
  last: string | null;
  /** Consumer groups on the log itself; Runstream's own read the journal instead. */
  groups: number;
}

/**
 * The log of every run: append, read, expire, delete.
 *
 * Every method throws RedisUnavailableError when Redis can't answer, and RunNotFoundError for a run that does not
 * exist for the tenant.
 */
@Injectable()
export class EventStore {
  readonly types: EventTypeRegistry;
  /** For LostEvents. */
  readonly acknowledged = new AcknowledgedRuns();
  private readonly options: Required<EventStoreOptions>;
  private readonly journalExclude: ReadonlySet<string>;
  readonly keys: Keyspace;

  constructor(
    private readonly redis: RedisConnections,
    @Inject(EVENT_STORE_OPTIONS) options: EventStoreOptions,
    private readonly metrics: EventStoreMetrics,
    private readonly bulk: BulkReads,
    private readonly signals: WorkSignals,
    readonly limits: StoreLimits,
    readonly partitions: Partitions,
  ) {
    this.options = { ...EVENT_STORE_DEFAULTS, ...options };
    this.types = new EventTypeRegistry(this.options.types);
    this.keys = new Keyspace(this.options.multiTenant, (name) => redis.channel(name));
    this.journalExclude = new Set(this.options.journalExclude);
  }

  /**
   * Checks and encodes an event without storing it.
   *
   * @param trace that of an event which names none itself
   * @throws ValidationFailedError, UnknownEventTypeError, EventTooLargeError
   */
  prepare(input: unknown, path = '', trace?: TraceContext): PreparedEvent {
    return prepareEvent(input, this.types, path, trace);
  }

  /**
   * Appends events to a run: all of them or none, in one step. Whoever cares for the order of two appends awaits the first.
   *
   * @throws ValidationFailedError, UnknownEventTypeError, EventTooLargeError, RunEndedError, RunHasExecutorError,
   *   SequenceConflictError, IdempotencyConflictError, FenceLostError, TenantLimitError
   */
  async append(
    tenantId: string,
    runId: string,
    events: readonly EventInput[],
    options: AppendOptions = {},
  ): Promise<AppendResult> {
    const prepared = events.map((event, i) => this.prepare(event, events.length === 1 ? '' : `[${i}]`));
    return this.appendPrepared(tenantId, runId, prepared, options);
  }

  /** The same for events that `prepare()` made. */
  async appendPrepared(
    tenantId: string,
    runId: string,
    events: readonly PreparedEvent[],
    options: AppendOptions = {},
  ): Promise<AppendResult> {
    const keys = this.keys.run(tenantId, runId);
    const partition = this.keys.partitionOf(tenantId, runId);
    assertNothingFollowsTheEnd(events);
    const lifecycle = events.some((event) => event.type.startsWith('lifecycle.'));
    const beganAt = performance.now();
    const found = this.limits.of(tenantId);
    const limits = typeof found === 'string' ? found : await found;
    const replicated = this.redis.replication?.begin(keys.run);
    const id = await this.appendOne(tenantId, runId, events, options, limits);
    if (id !== undefined) {
      if (replicated) await replicated();
      this.acknowledged.note(tenantId, runId, id, 1);
      this.metrics.append(performance.now() - beganAt, 1);
      return { count: 1, duplicates: 0, ids: [id], replayed: false };
    }
    const append = () =>
      SCRIPTS.append.run(
        this.redis.appends,
        [
          keys.run,
          keys.events,
          keys.idempotencyKeys,
          partition.journal,
          partition.journalLast,
          partition.active,
          partition.request(options.request?.key ?? ''),
          partition.index,
          partition.meter,
        ],
        [
          runId,
          keys.live,
          partition.journalLive,
          ...this.limitArgs(),
          options.fence ?? '',
          options.expectedSequence ?? '',
          options.request?.fingerprint ?? '',
          REQUEST_TTL_SECONDS,
          options.fromOutside && lifecycle ? 1 : 0,
          limits,
          ...this.eventArgs(events),
        ],
      ) as Promise<[string, ...(string | number)[]]>;
    const isJournaled = events.some(({ type }) => !this.journalExclude.has(type));
    let reply = await (isJournaled ? this.signals.around([journalWork(tenantId, runId)], append) : append());
    while (reply[0] === 'CONFLICT' && (await this.isGone(tenantId, String(reply[1])))) {
      await this.forgetRequest(tenantId, String(reply[1]), options.request?.key ?? '');
      reply = await append();
    }
    const isNew = reply[0] === 'OK';
    this.metrics.append(performance.now() - beganAt, isNew ? Number(reply[1]) : 0);
    this.limits.assertWithin(tenantId, reply);
    const result = readAppendReply(runId, events.length, reply);
    if (replicated) await replicated();
    const first = result.ids[0];
    if (first !== undefined && result.duplicates === 0)
      this.acknowledged.note(tenantId, runId, first, result.count);
    return result;
  }

  /** The short way, for what append-one.lua takes. Undefined when nothing was done. */
  private async appendOne(
    tenantId: string,
    runId: string,
    [event, ...more]: readonly PreparedEvent[],
    { expectedSequence, fence, request }: AppendOptions,
    limits: string,
  ): Promise<string | undefined> {
    if (!event || more.length > 0 || expectedSequence !== undefined || request) return undefined;
    const { type, body, timestamp, key, patch } = event;
    if (timestamp !== undefined || key !== undefined || patch || body.length > MAX_SHORT_BODY)
      return undefined;
    // Who may write a lifecycle event is not asked there.
    if (!this.journalExclude.has(type) || type.startsWith('lifecycle.')) return undefined;
    const keys = this.keys.run(tenantId, runId);
    const reply = await SCRIPTS.appendOne.run(
      this.redis.appends,
      limits === ''
        ? [keys.run, keys.events]
        : [keys.run, keys.events, this.keys.partitionOf(tenantId, runId).meter],
      limits === ''
        ? [keys.live, this.options.maxLength, fence ?? '', type, body]
        : [keys.live, this.options.maxLength, fence ?? '', type, body, limits],
    );
    if (typeof reply === 'string') return reply;
    this.limits.assertWithin(tenantId, reply);
    return undefined;
  }

  /**
   * Forgets the answer to an idempotent request of a run that is gone: it goes with its run.
   *
   * @param partition in which it is remembered; default: that of the run
   */
  async forgetRequest(
    tenantId: string,
    runId: string,
    key: string,
    partition = partitionOfRun(runId),
  ): Promise<void> {
    const asked = this.keys.partition(tenantId, partition).request(key);
    await SCRIPTS.forget.run(this.redis.commands, [asked], [runId]);
  }

  /** A page of the log after a cursor. `found` says whether the cursor itself is in the log. */
  async read(tenantId: string, runId: string, options: ReadOptions = {}): Promise<LogPage> {
    const after = formatEventId(options.after ?? BEGINNING);
    const keys = this.keys.run(tenantId, runId);
    const args = [`(${after}`, '+', 'asc', options.limit ?? 1000, options.maxBytes ?? 262_144, after];
    const reply = await this.bulk.run(
      { ...(options.reader ?? LIVE), tenantId },
      options.maxBytes ?? 262_144,
      (connection) => SCRIPTS.read.runForBytes(connection, [keys.run, keys.events], args),
    );
    return readLogPage(tenantId, runId, reply);
  }

  /**
   * Where a run stands, without reading any of its events.
   *
   * @throws RunExpiredError when the run has ended and its events are gone
   */
  async locate(tenantId: string, runId: string): Promise<Pick<LogPage, 'status' | 'last'>> {
    const keys = this.keys.run(tenantId, runId);
    const reply = await SCRIPTS.locate.run(this.redis.commands, [keys.run, keys.events], []);
    const { length, ...position } = readLocation(reply);
    if (isTerminal(position.status) && length === 0) throw new RunExpiredError();
    return position;
  }

  /**
   * Part of the log, forwards or backwards.
   *
   * @throws RunExpiredError when the run has ended and its events are gone
   */
  async readRange(tenantId: string, runId: string, range: LogRange): Promise<LogPage> {
    const keys = this.keys.run(tenantId, runId);
    const { from, to, order, limit, maxBytes, reader = LIVE } = range;
    // Looking for the beginning, which is never there, makes the script tell which event is the oldest.
    const args = [from, to, order, limit, maxBytes, formatEventId(BEGINNING)];
    const reply = await this.bulk.run({ ...reader, tenantId }, maxBytes, (connection) =>
      SCRIPTS.read.runForBytes(connection, [keys.run, keys.events], args),
    );
    const page = readLogPage(tenantId, runId, reply);
    if (isTerminal(page.status) && page.first === undefined) throw new RunExpiredError();
    return page;
  }

  /** Lets a run's events go after `ttlSeconds`, whatever the configured retention. */
  async expire(tenantId: string, runId: string, ttlSeconds: number): Promise<void> {
    const keys = this.keys.run(tenantId, runId);
    await this.assertExists(keys.run);
    await redisCall(
      Promise.all([
        this.redis.commands.expire(keys.events, ttlSeconds),
        this.redis.commands.expire(keys.idempotencyKeys, ttlSeconds),
        this.redis.commands.hset(keys.run, 'expires_at', Date.now() + ttlSeconds * 1000),
      ]),
    );
  }

  /**
   * Deletes a run, its log and its entries in the journal; its watchers are told. Nothing more is appended to it
   * from the first step on, also when the process dies in between: deleting it again goes on.
   */
  async delete(tenantId: string, runId: string): Promise<void> {
    const keys = this.keys.run(tenantId, runId);
    const partition = this.keys.partitionOf(tenantId, runId);
    let after = '';
    for (;;) {
      const [state, seen] = (await SCRIPTS.delete.run(
        this.redis.commands,
        [
          keys.run,
          keys.events,
          keys.idempotencyKeys,
          partition.active,
          partition.runs,
          partition.journal,
          partition.journalDeleted,
          partition.index,
          keys.deleted,
        ],
        [runId, keys.live, DELETE_PAGE, after, DELETED_SECONDS],
      )) as [state: string, seen?: string];
      if (state === 'NOT_FOUND') throw new RunNotFoundError();
      if (state === 'OK') return;
      after = seen ?? '';
    }
  }

  async info(tenantId: string, runId: string): Promise<StoreInfo> {
    const keys = this.keys.run(tenantId, runId);
    await this.assertExists(keys.run);
    const { commands } = this.redis;
    const [length, oldest, newest, groups] = await redisCall(
      Promise.all([
        commands.xlen(keys.events),
        commands.xrange(keys.events, '-', '+', 'COUNT', 1),
        commands.xrevrange(keys.events, '+', '-', 'COUNT', 1),
        commands.xlen(keys.events).then((n) => (n > 0 ? commands.xinfo('GROUPS', keys.events) : [])),
      ]),
    );
    return {
      length,
      first: oldest[0]?.[0] ?? null,
      last: newest[0]?.[0] ?? null,
      groups: (groups as unknown[]).length,
    };
  }

  /** Retention, as the scripts that write take it. */
  limitArgs(): number[] {
    const { maxLength, ttlSeconds, runTtlSeconds, runIdleTimeoutSeconds } = this.options;
    return [maxLength, ttlSeconds, runTtlSeconds, runIdleTimeoutSeconds * 1000];
  }

  /** Events, as the scripts that write take them. */
  eventArgs(events: readonly PreparedEvent[]): string[] {
    return eventArgs(events, this.journalExclude);
  }

  private async assertExists(run: string): Promise<void> {
    if ((await redisCall(this.redis.commands.exists(run))) === 0) throw new RunNotFoundError();
  }

  private async isGone(tenantId: string, runId: string): Promise<boolean> {
    return (await redisCall(this.redis.commands.exists(this.keys.run(tenantId, runId).run))) === 0;
  }
}

/** The script checks the run's status once for the whole batch. */
function assertNothingFollowsTheEnd(events: readonly PreparedEvent[]): void {
  const end = events.findIndex(({ patch }) => patch !== undefined && isTerminal(patch.status));
  if (end < 0 || end === events.length - 1) return;
  throw new ValidationFailedError([
    { path: `[${end}]`, message: 'ends the run, so it may only be the last event' },
  ]);
}

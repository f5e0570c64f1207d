import { Injectable } from '@nestjs/common';
import { IdempotencyConflictError, RunNotFoundError } from '../../../common/index.js';
import {
  encodeRunContext,
  prepareRun,
  type RunInput,
  type RunStatus,
  type TraceContext,
} from '../../../events/index.js';
import {
  BulkReads,
  LIVE,
  type ReadFor,
  redisCall,
  RedisConnections,
  type RedisClient,
} from '../../../redis/index.js';
import { EventStore, type IdempotentRequest, REQUEST_TTL_SECONDS } from '../event-store.js';
import { TENANTS_KEY } from '../keys.js';
import { newRunId } from './run-id.js';
import { runRange } from './run-index.js';
import { asCreated, EXTERNAL, readRunRecord, type RunRecord } from './run-record.js';
import { WorkSignals } from '../../../stream-consumer/index.js';
import { dispatchWork, journalWork } from '../store-work.js';
import { SCRIPTS } from '../../scripts.js';

/** Most run ids that one call looks at, however few of them match. */
const MAX_SCANNED = 2000;
const SCAN_PAGE = 200;
/** What one reply of Redis may bring. */
const READ_BYTES = 256 * 1024;
/** Lists leave out values that are larger. */
const LIST_VALUE_BYTES = 1024;
/** A run's values that are larger are read as much is read, in turn. */
const LARGE_BYTES = 64 * 1024;
/** Tenants that are known to be written down. */
const MOST_TENANTS = 10_000;
/** A page of a list ends when its runs reach this, or when this was looked at for runs that pass. */
export const MAX_LIST_BYTES = 1024 * 1024;
const MAX_LOOKED_AT_BYTES = 16 * 1024 * 1024;

export type NewRun = RunInput;

export interface RunFilter {
  /** Only runs that stand like one of these. */
  status?: RunStatus | readonly RunStatus[];
  executor?: string;
  /** Only runs whose task holds this text, in whatever case. */
  task?: string;
  /** Only runs that were created then or later, in ms since 1970. */
  sinceMs?: number;
  label?: { name: string; value: string };
  /** Only runs of this key. They are found by an index, whatever else there is. */
  key?: string;
}

/** One page of runs, newest first. @publicApi */
export interface RunListPage {
  runs: RunRecord[];
  /** The id to go on below; undefined on the last page. */
  next: string | undefined;
}

/**
 * The records of runs. A record changes only together with the event that says so (EventStore.append).
 *
 * Every method throws RedisUnavailableError when Redis can't answer.
 */
@Injectable()
export class RunStore {
  /** Those that were written down by this process. */
  private readonly tenants = new Set<string>();

  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly bulk: BulkReads,
    private readonly signals: WorkSignals,
  ) {}

  /**
   * Creates a run. An external one is running at once and has `lifecycle.started` as its first event; any other
   * waits for its executor. A request that was made before gets what it created then, as it was then.
   *
   * @param trace that of a run which names none itself
   * @throws ValidationFailedError, EventTooLargeError, IdempotencyConflictError
   */
  async create(
    tenantId: string,
    run: NewRun,
    request?: IdempotentRequest,
    trace?: TraceContext,
  ): Promise<{ run: RunRecord; replayed: boolean }> {
    const { task, key, input, labels, context } = prepareRun(run, trace);
    const executor = run.executor ?? EXTERNAL;
    const id = newRunId();
    const keys = this.store.keys.run(tenantId, id);
    const partition = this.store.keys.partitionOf(tenantId, id);
    const started = this.store.prepare({
      event: { category: 'lifecycle', action: 'started' },
      data: { task },
      context,
    });
    const create = () =>
      SCRIPTS.create.run(
        this.redis.appends,
        [
          keys.run,
          keys.events,
          keys.idempotencyKeys,
          partition.journal,
          partition.journalLast,
          partition.active,
          partition.request(request?.key ?? ''),
          partition.runs,
          partition.dispatch(executor),
          partition.keyed,
        ],
        [
          id,
          keys.live,
          partition.journalLive,
          ...this.store.limitArgs(),
          request?.fingerprint ?? '',
          REQUEST_TTL_SECONDS,
          executor,
          task,
          input,
          labels,
          encodeRunContext(context),
          key ?? '',
          ...(executor === EXTERNAL ? this.store.eventArgs([started]) : []),
        ],
      ) as Promise<[state: string, runId: string, record: string[]]>;
    const works =
      executor === EXTERNAL ? [journalWork(tenantId, id)] : [dispatchWork(tenantId, executor, id)];
    const replicated = this.redis.replication?.begin(keys.run);
    for (;;) {
      const [state, runId, record] = await this.signals.around(works, () => this.ofTenant(tenantId, create));
      if (state === 'OK') {
        const made = readRunRecord(tenantId, record);
        if (replicated) await replicated();
        this.store.acknowledged.note(tenantId, id, `${made.lastEventAt ?? 0}-${made.sequence}`, 1);
        return { run: made, replayed: false };
      }
      const earlier = await this.get(tenantId, runId).catch(undefinedWhenGone);
      if (earlier && state === 'CONFLICT') throw new IdempotencyConflictError();
      if (earlier) return { run: asCreated(earlier), replayed: true };
      await this.store.forgetRequest(tenantId, runId, request?.key ?? '');
    }
  }

  /**
   * Makes something of a tenant that is known to have runs, or nobody would look after it. Where the one may fail without
   * the other, as in a cluster, the tenant comes first; for one that was written down lately both are sent together.
   */
  private async ofTenant<T>(tenantId: string, make: () => Promise<T>): Promise<T> {
    const writing = redisCall(this.redis.commands.sadd(TENANTS_KEY, tenantId));
    if (this.redis.topology === 'cluster' && !this.tenants.has(tenantId)) await writing;
    const isWritten = writing.then(
      () => true,
      () => false,
    );
    const made = await make();
    if (this.tenants.size >= MOST_TENANTS) this.tenants.clear();
    if (await isWritten) this.tenants.add(tenantId);
    else this.tenants.delete(tenantId);
    return made;
  }

  /**
   * @param largeFor called when the run holds much, with how many bytes: waits for room, and says who reads
   * @throws RunNotFoundError, and what `largeFor` throws
   */
  async get(
    tenantId: string,
    runId: string,
    largeFor: (bytes: number) => Promise<ReadFor> | ReadFor = () => LIVE,
  ): Promise<RunRecord> {
    const { run } = this.store.keys.run(tenantId, runId);
    const small = readRecords(tenantId, await readRuns(this.redis.commands, [run], LARGE_BYTES));
    const [record] = small.records;
    if (!record) throw new RunNotFoundError();
    const leftOut = Object.values(record.leftOut);
    if (leftOut.length === 0) return record;
    const bytes = leftOut.reduce((sum, size) => sum + size, 0);
    const reader = await largeFor(bytes);
    const reply = await this.bulk.run({ ...reader, tenantId }, bytes, (connection) =>
      readRuns(connection, [run], Number.MAX_SAFE_INTEGER),
    );
    const { records } = readRecords(tenantId, reply);
    if (!records[0]) throw new RunNotFoundError();
    return records[0];
  }

  /**
   * Runs, newest first, that pass the filter, without what is large of them. It looks at a bounded number of them, and
   * gives a bounded number of bytes: a page may hold fewer than `limit`, or none, and still have a next one.
   */
  async list(
    tenantId: string,
    { key, sinceMs, ...filter }: RunFilter,
    limit: number,
    before?: string,
    reader: ReadFor = LIVE,
  ): Promise<RunListPage> {
    const partition = this.store.keys.partition(tenantId, 0);
    const isFiltered = Object.values(filter).some((value) => value !== undefined);
    const runs: RunRecord[] = [];
    let from = before;
    let scanned = 0;
    let bytes = 0;
    let looked = 0;
    while (scanned < MAX_SCANNED && looked < MAX_LOOKED_AT_BYTES) {
      const most = isFiltered ? SCAN_PAGE : Math.min(SCAN_PAGE, limit + 1 - runs.length);
      const { index, max, min, idOf } = runRange(partition, key, from, sinceMs);
      const members = await redisCall(this.redis.commands.zrevrangebylex(index, max, min, 'LIMIT', 0, most));
      if (members.length === 0) return { runs, next: undefined };
      const ids = members.map(idOf);
      const keys = ids.map((id) => this.store.keys.run(tenantId, id).run);
      const reply = await this.bulk.run({ ...reader, tenantId }, READ_BYTES, (connection) =>
        readRuns(connection, keys, LIST_VALUE_BYTES),
      );
      const read = readRecords(tenantId, reply);
      looked += read.bytes;
      const gone: string[] = [];
      for (const [i, record] of read.records.entries()) {
        const id = ids[i] ?? '';
        if (!record) gone.push(members[i] ?? '');
        else if (matches(record, filter)) {
          if (runs.length === limit || (runs.length > 0 && bytes >= MAX_LIST_BYTES))
            return { runs, next: from };
          bytes += read.bytes / read.records.length;
          runs.push(record);
        }
        from = id;
      }
      if (gone.length > 0) await redisCall(this.redis.commands.zrem(index, ...gone));
      scanned += read.records.length;
      if (ids.length < most && read.records.length === ids.length) return { runs, next: undefined };
    }
    return { runs, next: from };
  }
}

type RunsReply = [bytes: number, ...records: string[][]];

/** As many of the records as fit into one reply. */
function readRuns(redis: RedisClient, keys: readonly string[], largestValue: number): Promise<RunsReply> {
  return SCRIPTS.readRuns.run(redis, keys, [READ_BYTES, largestValue]) as Promise<RunsReply>;
}

/** The records of a reply; undefined for one that is gone. */
function readRecords(
  tenantId: string,
  [bytes, ...records]: RunsReply,
): { bytes: number; records: (RunRecord | undefined)[] } {
  return {
    bytes,
    records: records.map((fields) => (fields.length > 0 ? readRunRecord(tenantId, fields) : undefined)),
  };
}

function matches(
  run: RunRecord,
  { status, executor, task, label }: Omit<RunFilter, 'key' | 'sinceMs'>,
): boolean {
  return (
    (status === undefined || [status].flat().includes(run.status)) &&
    (executor === undefined || run.executor === executor) &&
    (task === undefined || run.task.toLowerCase().includes(task.toLowerCase())) &&
    (label === undefined || run.labels[label.name] === label.value)
  );
}

function undefinedWhenGone(error: unknown): undefined {
  if (!(error instanceof RunNotFoundError)) throw error;
}

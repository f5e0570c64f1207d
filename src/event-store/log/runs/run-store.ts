import { Injectable } from '@nestjs/common';
import { IdempotencyConflictError, RunNotFoundError } from '../../../common/index.js';
import { encodeRunContext, prepareRun, type RunInput, type TraceContext } from '../../../events/index.js';
import { BulkReads, LIVE, type ReadFor, redisCall, RedisConnections } from '../../../redis/index.js';
import { EventStore, type IdempotentRequest, REQUEST_TTL_SECONDS } from '../event-store.js';
import { TENANTS_KEY } from '../keys.js';
import { mergeRunPages } from './merge-run-pages.js';
import { readRecords, readRuns } from './read-runs.js';
import type { RunFilter } from './run-filter.js';
import { type RunListPage, RunPages } from './run-pages.js';
import { type CreateReply, RunRequests } from './run-requests.js';
import { asCreated, EXTERNAL, readRunRecord, type RunRecord } from './run-record.js';
import { WorkSignals } from '../../../stream-consumer/index.js';
import { dispatchWork, journalWork } from '../store-work.js';
import { SCRIPTS } from '../../scripts.js';

/** A run's values that are larger are read as much is read, in turn. */
const LARGE_BYTES = 64 * 1024;
/** Tenants that are known to be written down. */
const MOST_TENANTS = 10_000;

export type NewRun = RunInput;

/**
 * The records of runs. A record changes only together with the event that says so (EventStore.append).
 *
 * Every method throws RedisUnavailableError when Redis can't answer.
 */
@Injectable()
export class RunStore {
  /** Those that were written down by this process. */
  private readonly tenants = new Set<string>();
  private readonly pages: RunPages;
  private readonly requests: RunRequests;

  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
    private readonly bulk: BulkReads,
    private readonly signals: WorkSignals,
  ) {
    this.pages = new RunPages(redis, store.keys, bulk);
    this.requests = new RunRequests(redis, store);
  }

  /**
   * Creates a run. An external one is running at once and has `lifecycle.started` as its first event; any other
   * waits for its executor. A request that was made before gets what it created then, as it was then.
   *
   * @param trace that of a run which names none itself
   * @throws ValidationFailedError, EventTooLargeError, IdempotencyConflictError, TenantLimitError
   */
  async create(
    tenantId: string,
    run: NewRun,
    request?: IdempotentRequest,
    trace?: TraceContext,
  ): Promise<{ run: RunRecord; replayed: boolean }> {
    const { task, key, input, labels, context } = prepareRun(run, trace);
    const executor = run.executor ?? EXTERNAL;
    const started = this.store.prepare({
      event: { category: 'lifecycle', action: 'started' },
      data: { task },
      context,
    });
    const limits = await this.store.limits.of(tenantId);
    const make = async (id: string): Promise<CreateReply> => {
      const keys = this.store.keys.run(tenantId, id);
      const partition = this.store.keys.partitionOf(tenantId, id);
      const works =
        executor === EXTERNAL ? [journalWork(tenantId, id)] : [dispatchWork(tenantId, executor, id)];
      const create = (): Promise<unknown> =>
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
            partition.index,
            partition.meter,
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
            limits,
            ...(executor === EXTERNAL ? this.store.eventArgs([started]) : []),
          ],
        );
      const replicated = this.redis.replication?.begin(keys.run);
      const reply = await this.signals.around(works, () => this.ofTenant(tenantId, create));
      this.store.limits.assertWithin(tenantId, reply);
      if (replicated) await replicated();
      return reply as CreateReply;
    };
    for (;;) {
      const { reply, home } = await this.requests.make(tenantId, key, request, make);
      const [state, runId, record] = reply;
      if (state === 'OK') {
        const made = readRunRecord(tenantId, record ?? []);
        this.store.acknowledged.note(tenantId, runId, `${made.lastEventAt ?? 0}-${made.sequence}`, 1);
        return { run: made, replayed: false };
      }
      const earlier = await this.get(tenantId, runId).catch(undefinedWhenGone);
      if (earlier && state === 'CONFLICT') throw new IdempotencyConflictError();
      if (earlier) return { run: asCreated(earlier), replayed: true };
      await this.requests.forget(tenantId, runId, request?.key ?? '', home);
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
   * Runs, newest first, that pass the filter: a page of them may be short and still have a next one (RunPages).
   *
   * @param before only runs that are older than this one, of whatever partition
   */
  async list(
    tenantId: string,
    filter: RunFilter,
    limit: number,
    before?: string,
    reader?: ReadFor,
  ): Promise<RunListPage> {
    const page = (partition: number): Promise<RunListPage> =>
      this.pages.page(tenantId, partition, { filter, limit, before, ...(reader && { reader }) });
    const partitions = this.store.partitions.of(tenantId);
    if (partitions.length === 1) return page(0);
    return mergeRunPages(await Promise.all(partitions.map(page)), limit);
  }
}

function undefinedWhenGone(error: unknown): undefined {
  if (!(error instanceof RunNotFoundError)) throw error;
}

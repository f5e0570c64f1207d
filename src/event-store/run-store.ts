import { Injectable } from '@nestjs/common';
import { IdempotencyConflictError, RunNotFoundError } from '../common/index.js';
import { prepareRun, type RunInput, type RunStatus } from '../events/index.js';
import { redisCall, RedisConnections } from '../redis/index.js';
import { EventStore, type IdempotentRequest, REQUEST_TTL_SECONDS } from './event-store.js';
import { TENANTS_KEY } from './keys.js';
import { newRunId } from './run-id.js';
import { asCreated, EXTERNAL, readRunRecord, type RunRecord } from './run-record.js';
import { SCRIPTS } from './scripts.js';

/** Most run ids that one call looks at, however few of them match. */
const MAX_SCANNED = 2000;
const SCAN_PAGE = 200;

export type NewRun = RunInput;

export interface RunFilter {
  status?: RunStatus;
  executor?: string;
  label?: { name: string; value: string };
}

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
  constructor(
    private readonly redis: RedisConnections,
    private readonly store: EventStore,
  ) {}

  /**
   * Creates a run. An external one is running at once and has `lifecycle.started` as its first event; any other
   * waits for its executor. A request that was made before gets what it created then, as it was then.
   *
   * @throws ValidationFailedError, EventTooLargeError, IdempotencyConflictError
   */
  async create(
    tenantId: string,
    run: NewRun,
    request?: IdempotentRequest,
  ): Promise<{ run: RunRecord; replayed: boolean }> {
    const { task, input, labels, context } = prepareRun(run);
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
        this.redis.commands,
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
          JSON.stringify(context),
          ...(executor === EXTERNAL ? this.store.eventArgs([started]) : []),
        ],
      ) as Promise<[state: string, runId: string, record: string[]]>;
    for (;;) {
      const [, reply] = await redisCall(
        Promise.all([this.redis.commands.sadd(TENANTS_KEY, tenantId), create()]),
      );
      const [state, runId, record] = reply;
      if (state === 'OK') return { run: readRunRecord(tenantId, record), replayed: false };
      const earlier = await this.get(tenantId, runId).catch(undefinedWhenGone);
      if (earlier && state === 'CONFLICT') throw new IdempotencyConflictError();
      if (earlier) return { run: asCreated(earlier), replayed: true };
      await this.store.forgetRequest(tenantId, runId, request?.key ?? '');
    }
  }

  /** @throws RunNotFoundError */
  async get(tenantId: string, runId: string): Promise<RunRecord> {
    const [record] = await this.getMany(tenantId, [this.store.keys.run(tenantId, runId).run]);
    if (!record) throw new RunNotFoundError();
    return record;
  }

  /**
   * Runs, newest first, that pass the filter. It looks at a bounded number of them: a page may hold fewer than
   * `limit`, or none, and still have a next one.
   */
  async list(tenantId: string, filter: RunFilter, limit: number, before?: string): Promise<RunListPage> {
    const partition = this.store.keys.partition(tenantId, 0);
    const runs: RunRecord[] = [];
    let from = before;
    for (let scanned = 0; scanned < MAX_SCANNED; scanned += SCAN_PAGE) {
      const ids = await redisCall(
        this.redis.commands.zrevrangebylex(
          partition.runs,
          from ? `(${from}` : '+',
          '-',
          'LIMIT',
          0,
          SCAN_PAGE,
        ),
      );
      const records = await this.getMany(
        tenantId,
        ids.map((id) => this.store.keys.run(tenantId, id).run),
      );
      for (const [i, id] of ids.entries()) {
        const record = records[i];
        if (record && matches(record, filter)) {
          if (runs.length === limit) return { runs, next: from };
          runs.push(record);
        }
        from = id;
      }
      const gone = ids.filter((_, i) => !records[i]);
      if (gone.length > 0) await redisCall(this.redis.commands.zrem(partition.runs, ...gone));
      if (ids.length < SCAN_PAGE) return { runs, next: undefined };
    }
    return { runs, next: from };
  }

  private async getMany(tenantId: string, keys: readonly string[]): Promise<(RunRecord | undefined)[]> {
    const hashes = await redisCall(Promise.all(keys.map((key) => this.redis.commands.hgetall(key))));
    return hashes.map((hash) =>
      hash['id'] ? readRunRecord(tenantId, Object.entries(hash).flat()) : undefined,
    );
  }
}

function matches(run: RunRecord, { status, executor, label }: RunFilter): boolean {
  return (
    (status === undefined || run.status === status) &&
    (executor === undefined || run.executor === executor) &&
    (label === undefined || run.labels[label.name] === label.value)
  );
}

function undefinedWhenGone(error: unknown): undefined {
  if (!(error instanceof RunNotFoundError)) throw error;
}

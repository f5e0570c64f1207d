import { Injectable } from '@nestjs/common';
import { filter, firstValueFrom, from, merge, type Observable } from 'rxjs';
import { pause } from '../common/index.js';
import {
  EventStore,
  EXTERNAL,
  type IdempotentRequest,
  type RunFilter,
  type RunListPage,
  type RunRecord,
  RunStore,
  RunWatcher,
} from '../event-store/index.js';
import { isTerminal, readRunContext } from '../events/index.js';
import { readLabels } from './labels.js';
import type { CreateRunDto } from './dto/run.dto.js';
import { ExecutorDispatcher, ExecutorRegistry } from './executors/index.js';

/** The lifecycle of runs, as clients drive it. */
@Injectable()
export class RunsService {
  constructor(
    private readonly runs: RunStore,
    private readonly store: EventStore,
    private readonly watcher: RunWatcher,
    private readonly executors: ExecutorRegistry,
    private readonly dispatcher: ExecutorDispatcher,
  ) {}

  /** @throws ValidationFailedError, UNKNOWN_EXECUTOR, IdempotencyConflictError */
  async create(
    tenantId: string,
    request: CreateRunDto,
    idempotent?: IdempotentRequest,
  ): Promise<{ run: RunRecord; replayed: boolean }> {
    const executor = request.executor ?? EXTERNAL;
    const input = request.input ?? {};
    this.executors.assertAccepts(executor, input);
    const created = await this.runs.create(
      tenantId,
      {
        executor,
        task: request.task,
        input,
        labels: readLabels(request.labels ?? {}),
        context: readRunContext(request.context),
      },
      idempotent,
    );
    if (executor !== EXTERNAL) this.dispatcher.expect(tenantId);
    return created;
  }

  /**
   * A run; with `waitMs` as soon as it has ended, or as it is when the time is up or the caller has gone.
   *
   * @throws RunNotFoundError
   */
  async get(tenantId: string, runId: string, waitMs: number, gone: Observable<unknown>): Promise<RunRecord> {
    const run = await this.runs.get(tenantId, runId);
    if (waitMs === 0 || isTerminal(run.status)) return run;
    const { after } = await this.watcher.locate(tenantId, runId, 'tail');
    const closed = this.watcher
      .watch(tenantId, runId, { after })
      .pipe(filter((signal) => signal.kind === 'close'));
    const over = new AbortController();
    const timeUp = from(pause(waitMs, over.signal));
    await firstValueFrom(merge(closed, timeUp, gone), { defaultValue: undefined }).finally(() => {
      over.abort();
    });
    return this.runs.get(tenantId, runId);
  }

  list(tenantId: string, filter: RunFilter, limit: number, cursor?: string): Promise<RunListPage> {
    return this.runs.list(tenantId, filter, limit, cursor);
  }

  /** @throws RunNotFoundError, RunEndedError */
  async cancel(tenantId: string, runId: string, reason?: string | null): Promise<RunRecord> {
    await this.store.append(tenantId, runId, [
      {
        event: { category: 'lifecycle', action: 'cancelled' },
        data: reason == null ? {} : { reason },
      },
    ]);
    return this.runs.get(tenantId, runId);
  }

  /** @throws RunNotFoundError */
  async delete(tenantId: string, runId: string): Promise<void> {
    await this.store.delete(tenantId, runId);
  }
}

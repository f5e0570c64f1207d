import { Injectable } from '@nestjs/common';
import { filter, firstValueFrom, merge, type Observable, timer } from 'rxjs';
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
import { isTerminal } from '../events/index.js';
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

  /** @throws ValidationFailedError, EventTooLargeError, UNKNOWN_EXECUTOR, IdempotencyConflictError */
  async create(
    tenantId: string,
    request: CreateRunDto,
    idempotent?: IdempotentRequest,
  ): Promise<{ run: RunRecord; replayed: boolean }> {
    const executor = request.executor ?? EXTERNAL;
    this.executors.assertAccepts(executor, request.input ?? {});
    const created = await this.runs.create(tenantId, request, idempotent);
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
    await firstValueFrom(merge(closed, timer(waitMs), gone), { defaultValue: undefined });
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

import { Injectable } from '@nestjs/common';
import {
  EventStore,
  EXTERNAL,
  type IdempotentRequest,
  type NewRun,
  type RunFilter,
  type RunListPage,
  type RunRecord,
  RunStore,
} from '../event-store/index.js';
import { assertRunKey, type TraceContext } from '../events/index.js';
import type { ReadFor } from '../redis/index.js';
import type { CreateRunDto } from './dto/run.dto.js';
import { ExecutorRegistry } from '../executors/index.js';
import { WorkerExecutors } from '../pull/index.js';

/** The lifecycle of runs, as clients drive it. */
@Injectable()
export class RunsService {
  constructor(
    private readonly runs: RunStore,
    private readonly store: EventStore,
    private readonly executors: ExecutorRegistry,
    private readonly workers: WorkerExecutors,
  ) {}

  /** @throws ValidationFailedError, EventTooLargeError, UNKNOWN_EXECUTOR, IdempotencyConflictError */
  async create(
    tenantId: string,
    request: CreateRunDto,
    idempotent?: IdempotentRequest,
    trace?: TraceContext,
  ): Promise<{ run: RunRecord; replayed: boolean }> {
    const named = request.executor ?? EXTERNAL;
    const executor = await this.workers.resolve(tenantId, named);
    if (executor === named) this.executors.assertAccepts(executor, request.input ?? {});
    return this.runs.create(tenantId, newRun(request, executor), idempotent, trace);
  }

  /** @throws ValidationFailedError */
  async list(
    tenantId: string,
    filter: RunFilter,
    limit: number,
    cursor: string | undefined,
    reader: ReadFor,
  ): Promise<RunListPage> {
    if (filter.key !== undefined) assertRunKey(filter.key);
    return this.runs.list(tenantId, filter, limit, cursor, reader);
  }

  /** @throws RunNotFoundError, RunEndedError */
  async cancel(tenantId: string, runId: string, reason?: string | null, trace?: TraceContext): Promise<void> {
    await this.store.append(tenantId, runId, [
      {
        event: { category: 'lifecycle', action: 'cancelled' },
        data: reason == null ? {} : { reason },
        ...(trace && { context: trace }),
      },
    ]);
  }

  /** @throws RunNotFoundError */
  async delete(tenantId: string, runId: string): Promise<void> {
    await this.store.delete(tenantId, runId);
  }
}

function newRun({ task, key, input, labels, context }: CreateRunDto, executor: string): NewRun {
  return { executor, task, key, input, labels, context };
}

import { Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { RequireScope } from '../../auth/index.js';
import { MAX_TIMER_MS, RunNotFoundError, ValidationFailedError } from '../../common/index.js';
import type { RunRecord } from '../../event-store/index.js';
import { parseEventId, type RunStatus } from '../../events/index.js';
import {
  AcceptsBody,
  answerLater,
  AnswersErrorsAs,
  type ErrorBody,
  parsedQuery,
  TakesKeyFrom,
} from '../../http/index.js';
import { RunStreams, RunWaits } from '../../runs/index.js';
import { tenantOf } from '../../tenancy/index.js';
import { ChatRuns } from '../chat-runs.js';
import { MappedFormat } from '../mapping/mapped-format.js';
import { StreamPartMapper, valuesOf } from './stream-part.mapper.js';

const STATUS: Readonly<Record<RunStatus, string>> = {
  pending: 'pending',
  running: 'running',
  completed: 'success',
  failed: 'error',
  cancelled: 'interrupted',
};

const errorForm = ({ message, code, request_id }: ErrorBody) => ({ detail: message, code, request_id });

/**
 * Runs as LangGraph's SDK joins them. A thread's id is the key of its runs; the thread of a run without a key has the
 * run's own id.
 */
@ApiExcludeController()
@AnswersErrorsAs(errorForm)
@TakesKeyFrom('x-api-key')
export class LangGraphController {
  constructor(
    private readonly runs: ChatRuns,
    private readonly waits: RunWaits,
    private readonly streams: RunStreams,
  ) {}

  @Get('threads/:thread/runs/:run/stream')
  @RequireScope('runs:read')
  async joinInThread(
    @Param('thread') thread: string,
    @Param('run') runId: string,
    @Req() request: Request,
    @Res() _response: Response,
  ): Promise<void> {
    await this.stream(request, await this.find(request, runId, thread));
  }

  @Get('runs/:run/stream')
  @RequireScope('runs:read')
  async joinStream(
    @Param('run') runId: string,
    @Req() request: Request,
    @Res() _response: Response,
  ): Promise<void> {
    await this.stream(request, await this.find(request, runId));
  }

  @Get('threads/:thread/runs/:run')
  @RequireScope('runs:read')
  async get(
    @Param('thread') thread: string,
    @Param('run') runId: string,
    @Req() request: Request,
  ): Promise<object> {
    return viewOf(await this.find(request, runId, thread));
  }

  /** Waits for as long as the run takes. */
  @Get('threads/:thread/runs/:run/join')
  @RequireScope('runs:read')
  async join(
    @Param('thread') thread: string,
    @Param('run') runId: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.find(request, runId, thread);
    answerLater(request, response, async () => {
      const run = await this.waits.untilEnd(tenantOf(request), runId, MAX_TIMER_MS, request);
      return valuesOf(run.result) as object;
    });
  }

  @Post('threads/:thread/runs/:run/cancel')
  @HttpCode(202)
  @AcceptsBody({ maxBytes: 16 * 1024 })
  @RequireScope('runs:write')
  async cancel(
    @Param('thread') thread: string,
    @Param('run') runId: string,
    @Req() request: Request,
  ): Promise<object> {
    // What was done can't be taken back, and who asks for that must not believe that it was.
    if (parsedQuery(request)['action'] === 'rollback')
      throw new ValidationFailedError([{ path: 'action', message: 'must be interrupt' }]);
    await this.runs.cancel(request, await this.find(request, runId, thread));
    return {};
  }

  /** @throws RunNotFoundError, also for a run of another thread */
  private async find(request: Request, runId: string, thread?: string): Promise<RunRecord> {
    const run = await this.waits.untilEnd(tenantOf(request), runId, 0, request);
    if (thread !== undefined && thread !== threadOf(run)) throw new RunNotFoundError();
    return run;
  }

  private async stream(request: Request, run: RunRecord): Promise<void> {
    const cursor = request.get('Last-Event-ID');
    const start = !cursor || cursor === '-1' ? 'start' : parseEventId(cursor, 'Last-Event-ID');
    const path = `/threads/${encodeURIComponent(threadOf(run))}/runs/${run.id}`;
    await this.streams.answer(
      request,
      run.id,
      new MappedFormat(new StreamPartMapper(), { goesOnAfterGap: true }),
      {
        start,
        // The SDK comes back only with a Location, which it puts behind its own base URL.
        headers: { Location: `${path}/stream`, 'Content-Location': path },
      },
    );
  }
}

function threadOf(run: RunRecord): string {
  return run.key ?? run.id;
}

/** A run as the SDK has it. */
function viewOf(run: RunRecord): object {
  return {
    run_id: run.id,
    thread_id: threadOf(run),
    assistant_id: run.executor,
    created_at: new Date(run.createdAt).toISOString(),
    updated_at: new Date(run.completedAt ?? run.startedAt ?? run.createdAt).toISOString(),
    status: STATUS[run.status],
    metadata: run.labels,
    multitask_strategy: 'enqueue',
  };
}

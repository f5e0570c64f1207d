import { Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { RequireScope } from '../../auth/index.js';
import { readInteger, RunstreamError, ValidationFailedError } from '../../common/index.js';
import type { RunRecord } from '../../event-store/index.js';
import { isTerminal } from '../../events/index.js';
import { AcceptsBody, answerLater, AnswersErrorsAs, type ErrorBody, parsedQuery } from '../../http/index.js';
import { type HistoryPage, RunStreams, RunWaits } from '../../runs/index.js';
import { tenantOf } from '../../tenancy/index.js';
import { ChatRuns } from '../chat-runs.js';
import { MappedFormat } from '../mapping/mapped-format.js';
import { ResponseMapper } from './response.mapper.js';

const errorForm = ({ message, code, request_id }: ErrorBody, status: number) => ({
  error: {
    message,
    type: status < 500 ? 'invalid_request_error' : 'server_error',
    param: null,
    code,
    request_id,
  },
});

/** Runs as responses of the Responses API: a response's id is the run's. */
@ApiExcludeController()
@AnswersErrorsAs(errorForm)
export class OpenAiController {
  constructor(
    private readonly runs: ChatRuns,
    private readonly waits: RunWaits,
    private readonly streams: RunStreams,
  ) {}

  @Get('responses/:run')
  @RequireScope('runs:read')
  async retrieve(
    @Param('run') runId: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const { stream, starting_after } = parsedQuery(request);
    const run = await this.find(request, runId);
    if (stream !== 'true') {
      answerLater(request, response, () => this.whole(request, run));
      return;
    }
    const after = starting_after === undefined ? -1 : readInteger(starting_after, 0);
    if (after === undefined)
      throw new ValidationFailedError([{ path: 'starting_after', message: 'must be a number of an event' }]);
    await this.streams.answer(request, run.id, new MappedFormat(mapperOf(run, after)));
  }

  @Post('responses/:run/cancel')
  @HttpCode(200)
  @AcceptsBody({ maxBytes: 16 * 1024 })
  @RequireScope('runs:write')
  async cancel(@Param('run') runId: string, @Req() request: Request): Promise<object> {
    await this.runs.cancel(request, await this.find(request, runId));
    return this.whole(request, await this.find(request, runId));
  }

  private find(request: Request, runId: string): Promise<RunRecord> {
    return this.waits.untilEnd(tenantOf(request), runId, 0, request);
  }

  /** While the run goes on its output is empty, as OpenAI's is; then it is read from the log. */
  private async whole(request: Request, run: RunRecord): Promise<object> {
    const mapper = mapperOf(run);
    if (!isTerminal(run.status))
      return { ...mapper.response, ...(run.status === 'pending' && { status: 'queued' }) };
    try {
      for (let from: string | undefined = '-'; from !== undefined;) {
        const page: HistoryPage = await this.runs.of(request).history(run.id, { from });
        for (const event of page.events)
          mapper.event(event, event.sequence === run.sequence ? run.status : undefined);
        from = page.next;
      }
    } catch (error) {
      // The response is known for longer than what it said.
      if (!(error instanceof RunstreamError && error.code === 'RUN_EXPIRED')) throw error;
      return { ...mapper.response, status: run.status };
    }
    return mapper.response;
  }
}

function mapperOf({ id, createdAt, executor, labels }: RunRecord, after?: number): ResponseMapper {
  const head = { id, created_at: Math.floor(createdAt / 1000), model: executor, metadata: labels };
  return new ResponseMapper(head, after);
}

import { Controller, Delete, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { RequireScope } from '../auth/index.js';
import { MAX_LIST_BYTES, Partitions, RunCounter } from '../event-store/index.js';
import { normaliseTimestamp, type RunStatus } from '../events/index.js';
import {
  answerLater,
  AcceptsBody,
  AnswerRoom,
  ApiErrors,
  ApiQueryOf,
  BasePath,
  readerOf,
  readJson,
  readQuery,
} from '../http/index.js';
import { Tenant } from '../tenancy/index.js';
import { GetRunQuery, ListRunsQuery, NoQuery } from './dto/queries.dto.js';
import {
  CancelRunDto,
  CreateRunDto,
  RunCountsResponse,
  RunListResponse,
  RunResponse,
} from './dto/run.dto.js';
import { idempotentRequest, traceOf } from './request-headers.js';
import { toRunListItem, toRunResponse } from './run-view.js';
import { RunWaits } from './run-waits.js';
import { RunsService } from './runs.service.js';

/** An `input` at its limit, with escapes, and the rest of a run. */
const MAX_RUN_BYTES = 3 * 1024 * 1024;
const HOUR_MS = 3_600_000;

export const RUN_ID_PARAM = { name: 'run_id', example: 'r0_01kbz6v2m8e7q9n4t3x5c1d2fa' };
export const IDEMPOTENCY_HEADER = {
  name: 'Idempotency-Key',
  required: false,
  description:
    '1 to 255 printable characters, remembered for 24 hours: the same request again gets the first answer again, ' +
    'with `Idempotency-Replayed: true`, as long as the run is there.',
};
export const REPLAYED_HEADER = {
  'Idempotency-Replayed': {
    description: '`true` when this is the answer to an earlier request with the same key.',
    schema: { type: 'string' as const },
  },
};

@ApiTags('runs')
@Controller('runs')
export class RunsController {
  constructor(
    private readonly runs: RunsService,
    private readonly waits: RunWaits,
    private readonly counter: RunCounter,
    private readonly partitions: Partitions,
    private readonly room: AnswerRoom,
    private readonly basePath: BasePath,
  ) {}

  @Post()
  @AcceptsBody({ maxBytes: MAX_RUN_BYTES })
  @RequireScope('runs:write')
  @ApiOperation({
    summary: 'Start a run',
    description:
      'With the executor `external`, which is the default, a producer appends the events and ends the run with one. ' +
      'Any other executor of the deployment does both itself.',
    operationId: 'createRun',
  })
  @ApiHeader(IDEMPOTENCY_HEADER)
  @ApiBody({
    type: CreateRunDto,
    examples: {
      external: { summary: 'A producer appends the events', value: { task: 'Review the change' } },
      command: {
        summary: 'The deployment runs a command',
        value: { executor: 'command', task: 'lint', input: { command: 'lint' } },
      },
    },
  })
  @ApiResponse({
    status: 201,
    type: RunResponse,
    description: 'The run: `running` when it is external, else `pending` until an instance takes it up.',
    headers: {
      Location: { description: 'Path of the run.', schema: { type: 'string' } },
      ...REPLAYED_HEADER,
    },
  })
  @ApiErrors(
    'VALIDATION_FAILED',
    'UNKNOWN_EXECUTOR',
    'IDEMPOTENCY_CONFLICT',
    'EVENT_TOO_LARGE',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
    'NOT_REPLICATED',
  )
  async create(
    @Tenant() tenantId: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RunResponse> {
    readQuery(request, NoQuery);
    const body = readJson(request, CreateRunDto);
    const { run, replayed } = await this.runs.create(
      tenantId,
      body,
      idempotentRequest(request, 'POST /runs'),
      traceOf(request),
    );
    const view = toRunResponse(run, this.basePath.of(request, '/runs'));
    response.location(view.links.self);
    if (replayed) response.set('Idempotency-Replayed', 'true');
    return view;
  }

  @Get()
  @RequireScope('runs:read')
  @ApiOperation({
    summary: 'List runs, newest first',
    description:
      'Go on with `next_cursor` as `cursor` until it is null: with `task`, or several filters that have little in ' +
      'common, a page may be short, or empty, and there are more.',
    operationId: 'listRuns',
  })
  @ApiResponse({ status: 200, type: RunListResponse, description: 'One page of runs.' })
  @ApiErrors('VALIDATION_FAILED', 'REDIS_UNAVAILABLE')
  @ApiQueryOf(ListRunsQuery)
  async list(@Tenant() tenantId: string, @Req() request: Request): Promise<RunListResponse> {
    const query = readQuery(request, ListRunsQuery);
    await this.room.take(request, MAX_LIST_BYTES * this.partitions.countOf(tenantId));
    const { status, executor, task, since, label, key, limit, cursor } = query;
    const colon = label?.indexOf(':') ?? -1;
    const page = await this.runs.list(
      tenantId,
      {
        ...(status !== undefined && { status: status.split(',') as RunStatus[] }),
        ...(task !== undefined && { task }),
        ...(since !== undefined && { sinceMs: Date.parse(normaliseTimestamp(since) ?? '') }),
        ...(executor !== undefined && { executor }),
        ...(label !== undefined && { label: { name: label.slice(0, colon), value: label.slice(colon + 1) } }),
        ...(key !== undefined && { key }),
      },
      limit,
      cursor,
      readerOf(request),
    );
    const base = this.basePath.of(request, '/runs');
    return {
      runs: page.runs.map((run) => toRunListItem(run, base)),
      count: page.runs.length,
      has_more: page.next !== undefined,
      next_cursor: page.next ?? null,
    };
  }

  @Get('counts')
  @RequireScope('runs:read')
  @ApiOperation({
    summary: 'Count runs by status',
    description:
      'Those that are pending or running; and those that have ended within the last hour, among the newest 2000 that ' +
      'have.',
    operationId: 'countRuns',
  })
  @ApiResponse({ status: 200, type: RunCountsResponse, description: 'How the runs stand.' })
  @ApiErrors('VALIDATION_FAILED', 'REDIS_UNAVAILABLE')
  async count(@Tenant() tenantId: string, @Req() request: Request): Promise<RunCountsResponse> {
    readQuery(request, NoQuery);
    const sinceMs = Date.now() - HOUR_MS;
    const { counts, isComplete } = await this.counter.count(tenantId, sinceMs, readerOf(request));
    return { ...counts, since: new Date(sinceMs).toISOString(), complete: isComplete };
  }

  @Get(':run_id')
  @RequireScope('runs:read')
  @ApiOperation({
    summary: 'Get a run, or wait for its end',
    description: 'With `wait_seconds` the answer comes when the run has ended, or when the time is up.',
    operationId: 'getRun',
  })
  @ApiParam(RUN_ID_PARAM)
  @ApiResponse({ status: 200, type: RunResponse, description: 'The run as it is now.' })
  @ApiErrors('VALIDATION_FAILED', 'RUN_NOT_FOUND', 'REDIS_UNAVAILABLE')
  @ApiQueryOf(GetRunQuery)
  get(
    @Tenant() tenantId: string,
    @Param('run_id') runId: string,
    @Req() request: Request,
    @Res() response: Response,
  ): void {
    const { wait_seconds } = readQuery(request, GetRunQuery);
    answerLater(request, response, async () => {
      const run = await this.waits.untilEnd(tenantId, runId, wait_seconds * 1000, request);
      return toRunResponse(run, this.basePath.of(request, '/runs/:run_id'));
    });
  }

  @Post(':run_id/cancel')
  @AcceptsBody({ maxBytes: 16 * 1024 })
  @RequireScope('runs:write')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Cancel a run',
    description: 'Its executor learns of it at once, and what it still writes is refused.',
    operationId: 'cancelRun',
  })
  @ApiParam(RUN_ID_PARAM)
  @ApiBody({ type: CancelRunDto, required: false })
  @ApiResponse({ status: 200, type: RunResponse, description: 'The run, `cancelled`.' })
  @ApiErrors(
    'VALIDATION_FAILED',
    'RUN_NOT_FOUND',
    'RUN_ENDED',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
    'NOT_REPLICATED',
  )
  async cancel(
    @Tenant() tenantId: string,
    @Param('run_id') runId: string,
    @Req() request: Request,
  ): Promise<RunResponse> {
    readQuery(request, NoQuery);
    const body = readJson(request, CancelRunDto);
    await this.runs.cancel(tenantId, runId, body.reason, traceOf(request));
    const run = await this.waits.untilEnd(tenantId, runId, 0, request);
    return toRunResponse(run, this.basePath.of(request, '/runs/:run_id/cancel'));
  }

  @Delete(':run_id')
  @RequireScope('runs:write')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a run, its events and its journal entries',
    description: 'For every reader, and for good.',
    operationId: 'deleteRun',
  })
  @ApiParam(RUN_ID_PARAM)
  @ApiResponse({ status: 204, description: 'Gone. Its watchers get `close` with reason `deleted`.' })
  @ApiErrors('VALIDATION_FAILED', 'RUN_NOT_FOUND', 'REDIS_UNAVAILABLE')
  async delete(
    @Tenant() tenantId: string,
    @Param('run_id') runId: string,
    @Req() request: Request,
  ): Promise<void> {
    readQuery(request, NoQuery);
    await this.runs.delete(tenantId, runId);
  }
}

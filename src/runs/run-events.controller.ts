import {
  Controller,
  Get,
  HttpCode,
  type MessageEvent,
  Param,
  Post,
  Req,
  Res,
  Sse,
  UseGuards,
} from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { Observable } from 'rxjs';
import { CredentialWatch, OpenedByTicket, RequireScope, RequireScopeWithLease } from '../auth/index.js';
import { RunstreamError } from '../common/index.js';
import { RunWatcher } from '../event-store/index.js';
import {
  AcceptsBody,
  AnsweredBy,
  AnswerRoom,
  ApiErrors,
  ApiQueryOf,
  isNdjson,
  NDJSON_MEDIA_TYPE,
  readerOf,
  readQuery,
} from '../http/index.js';
import { Tenant } from '../tenancy/index.js';
import { ALSO_CLOUD_EVENTS, LINK_HEADER, sendCloudEvents } from './cloud-events/send-cloud-events.js';
import { takesCloudEvents } from './cloud-events/takes-cloud-events.js';
import { AppendService } from './append/append.service.js';
import { JSON_BODY, NDJSON_BODY } from './dto/append-body.js';
import { AppendResponse, EventInputDto, EventListResponse, NdjsonAppendResponse } from './dto/event.dto.js';
import { FRAME_MODELS, RUN_FRAMES } from './dto/frames.dto.js';
import { HistoryQuery, NoQuery, StreamQuery } from './dto/queries.dto.js';
import { HistoryService } from './history/history.service.js';
import { IDEMPOTENCY_HEADER, REPLAYED_HEADER, RUN_ID_PARAM } from './runs.controller.js';
import { quoted, sendPage } from './history/page-answer.js';
import { eventForm } from './sse/event-form.js';
import { EventStreams } from './sse/event-streams.js';
import { RunWatchGuard } from './sse/run-watch.guard.js';
import { LEASE_HEADER } from './workers/lease-token.js';
import { FRAMES_DESCRIPTION } from './sse/frames-description.js';

const SEQUENCE_HEADER = {
  name: 'Expected-Sequence',
  required: false,
  // As text: orval's clients hand headers to fetch() as they are, which under `strict` takes no number.
  schema: { type: 'string' as const, pattern: '^[0-9]+$' },
  description: "Append only if the run's last sequence is this, in decimal digits.",
};

@ApiTags('events')
@ApiExtraModels(...FRAME_MODELS, EventInputDto)
@Controller('runs/:run_id/events')
export class RunEventsController {
  constructor(
    private readonly watcher: RunWatcher,
    private readonly history: HistoryService,
    private readonly intake: AppendService,
    private readonly streams: EventStreams,
    private readonly credentials: CredentialWatch,
    private readonly room: AnswerRoom,
  ) {}

  @Post()
  @AcceptsBody({ ndjson: true })
  @AnsweredBy(AppendService)
  @RequireScope('runs:write')
  @RequireScopeWithLease('runs:execute')
  @ApiHeader({ ...LEASE_HEADER, required: false })
  @ApiOperation({
    summary: 'Append events',
    operationId: 'appendEvents',
    description:
      'All or nothing: one event, or an array of 1 to 1000. NDJSON is taken here too (`application/x-ndjson`), and is ' +
      'described as `POST /runs/{run_id}/events/ndjson`.',
    requestBody: JSON_BODY,
  })
  @ApiParam(RUN_ID_PARAM)
  @ApiHeader(IDEMPOTENCY_HEADER)
  @ApiHeader(SEQUENCE_HEADER)
  @ApiResponse({
    status: 201,
    type: AppendResponse,
    description: 'The events are stored in Redis.',
    headers: REPLAYED_HEADER,
  })
  @ApiErrors(
    'VALIDATION_FAILED',
    'UNKNOWN_EVENT_TYPE',
    'RUN_NOT_FOUND',
    'RUN_ENDED',
    'RUN_HAS_EXECUTOR',
    'LEASE_LOST',
    'SEQUENCE_CONFLICT',
    'IDEMPOTENCY_CONFLICT',
    'EVENT_TOO_LARGE',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
    'NOT_REPLICATED',
  )
  async append(
    @Tenant() tenantId: string,
    @Param('run_id') runId: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<AppendResponse | NdjsonAppendResponse> {
    readQuery(request, NoQuery);
    if (isNdjson(request)) {
      response.status(200);
      return this.intake.appendLines(tenantId, runId, request);
    }
    const { answer, replayed } = await this.intake.appendJson(tenantId, runId, request);
    if (replayed) response.set('Idempotency-Replayed', 'true');
    return answer;
  }

  @Post('ndjson')
  @HttpCode(200)
  @AcceptsBody({ ndjson: true })
  @RequireScope('runs:write')
  @RequireScopeWithLease('runs:execute')
  @ApiHeader({ ...LEASE_HEADER, required: false })
  @ApiOperation({
    summary: 'Append events, line by line',
    operationId: 'appendEventLines',
    description:
      'One event a line, any number of lines, stored as they arrive; at a bad line it stops, and `details` of the error ' +
      'say how far it came. The same as `POST /runs/{run_id}/events` with NDJSON: OpenAPI has one operation for a path ' +
      'and a method, and a generated client would send JSON there.',
    requestBody: NDJSON_BODY,
  })
  @ApiParam(RUN_ID_PARAM)
  @ApiHeader(SEQUENCE_HEADER)
  @ApiResponse({ status: 200, type: NdjsonAppendResponse, description: 'The lines are stored.' })
  @ApiErrors(
    'VALIDATION_FAILED',
    'UNKNOWN_EVENT_TYPE',
    'UNAUTHORIZED',
    'FORBIDDEN',
    'RUN_NOT_FOUND',
    'RUN_ENDED',
    'RUN_HAS_EXECUTOR',
    'LEASE_LOST',
    'SEQUENCE_CONFLICT',
    'EVENT_TOO_LARGE',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
  )
  appendLines(
    @Tenant() tenantId: string,
    @Param('run_id') runId: string,
    @Req() request: Request,
  ): Promise<NdjsonAppendResponse> {
    readQuery(request, NoQuery);
    if (!isNdjson(request)) {
      throw new RunstreamError(
        'UNSUPPORTED_MEDIA_TYPE',
        `This route takes lines. Send ${NDJSON_MEDIA_TYPE} here, or JSON to POST /runs/{run_id}/events.`,
      );
    }
    return this.intake.appendLines(tenantId, runId, request);
  }

  @Get()
  @RequireScope('runs:read')
  @ApiOperation({
    summary: 'Page through the history',
    description:
      'Pages neither overlap nor skip. Go on with `next_id`, as `start_id` or with `order=desc` as `end_id`, until it is ' +
      'null: a page may hold fewer events than `limit`, or none. ' +
      ALSO_CLOUD_EVENTS,
    operationId: 'listEvents',
  })
  @ApiParam(RUN_ID_PARAM)
  @ApiResponse({
    status: 200,
    type: EventListResponse,
    description: 'One page of the log.',
    headers: LINK_HEADER,
  })
  @ApiErrors(
    'VALIDATION_FAILED',
    'INVALID_EVENT_ID',
    'UNKNOWN_EVENT_TYPE',
    'RUN_NOT_FOUND',
    'RUN_EXPIRED',
    'REDIS_UNAVAILABLE',
  )
  @ApiQueryOf(HistoryQuery)
  async read(
    @Tenant() tenantId: string,
    @Param('run_id') runId: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const query = readQuery(request, HistoryQuery);
    const events = this.history.read(tenantId, runId, query, readerOf(request));
    if (takesCloudEvents(request)) {
      await sendCloudEvents(response, this.room, events, query.order);
      return;
    }
    await sendPage(response, this.room, events, {
      head: `{"run_id":"${runId}",`,
      tail: ({ next }) => `,"has_more":${next !== undefined},"next_id":${quoted(next)}}`,
    });
  }

  @Sse('stream')
  @UseGuards(RunWatchGuard)
  @RequireScope('runs:read')
  @OpenedByTicket('run')
  @ApiOperation({ summary: 'Watch live', operationId: 'watchEvents', description: FRAMES_DESCRIPTION })
  @ApiParam(RUN_ID_PARAM)
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Begin after this event; `0-0` is the beginning. An EventSource sends it by itself.',
  })
  @ApiResponse(RUN_FRAMES)
  @ApiResponse({
    status: 204,
    description: 'The cursor is the terminal event: there is nothing more to come.',
  })
  @ApiErrors(
    'VALIDATION_FAILED',
    'INVALID_EVENT_ID',
    'UNKNOWN_EVENT_TYPE',
    'RUN_NOT_FOUND',
    'RUN_EXPIRED',
    'REDIS_UNAVAILABLE',
  )
  @ApiQueryOf(StreamQuery)
  stream(
    @Tenant() tenantId: string,
    @Param('run_id') runId: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Observable<MessageEvent> {
    const query = readQuery(request, StreamQuery);
    const { watch } = request;
    if (!watch) throw new Error('A stream needs its guard.');
    const { after, announceCursor, filter } = watch;
    const form = eventForm(query.named === 'true', takesCloudEvents(request));
    return this.streams.send(response, form, (demand, caller) =>
      this.watcher
        .watch(tenantId, runId, { after, announceCursor, demand, caller, ...(filter && { filter }) })
        .pipe(this.credentials.whileGood(request.principal)),
    );
  }
}

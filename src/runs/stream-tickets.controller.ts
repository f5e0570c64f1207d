import { Controller, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { RequireScope, type StreamGrant, StreamTickets } from '../auth/index.js';
import { EventStore, RunStore } from '../event-store/index.js';
import { AcceptsBody, ApiErrors, BasePath, readJson, readQuery } from '../http/index.js';
import { Tenant } from '../tenancy/index.js';
import { NoQuery } from './dto/queries.dto.js';
import { CreateTicketDto, TicketResponse } from './dto/ticket.dto.js';
import { RUN_ID_PARAM } from './runs.controller.js';

const FOR_BROWSERS =
  'For an `EventSource`, which can send no headers. It opens this one stream, until it expires.';

/** Tickets for browsers: an EventSource can't send a credential in a header. */
@ApiTags('stream tickets')
@RequireScope('runs:read')
@AcceptsBody({ maxBytes: 64 * 1024 })
@Controller()
export class StreamTicketsController {
  constructor(
    private readonly tickets: StreamTickets,
    private readonly runs: RunStore,
    private readonly store: EventStore,
    private readonly basePath: BasePath,
  ) {}

  @Post('runs/:run_id/stream-tickets')
  @ApiOperation({
    summary: 'Get a ticket for the stream of a run',
    description: FOR_BROWSERS,
    operationId: 'createRunStreamTicket',
  })
  @ApiParam(RUN_ID_PARAM)
  @ApiBody({ type: CreateTicketDto, required: false })
  @ApiResponse({ status: 201, type: TicketResponse, description: 'The ticket, and the URL to connect to.' })
  @ApiErrors(
    'VALIDATION_FAILED',
    'UNKNOWN_EVENT_TYPE',

    'RUN_NOT_FOUND',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
  )
  async forRun(
    @Tenant() tenantId: string,
    @Param('run_id') runId: string,
    @Req() request: Request,
  ): Promise<TicketResponse> {
    readQuery(request, NoQuery);
    const body = readJson(request, CreateTicketDto);
    await this.runs.get(tenantId, runId);
    const base = this.basePath.of(request, '/runs/:run_id/stream-tickets');
    return this.issue(tenantId, body, request, `${base}/runs/${runId}/events/stream`, { runId });
  }

  @Post('events/stream-tickets')
  @ApiOperation({
    summary: 'Get a ticket for the stream of all runs',
    description: FOR_BROWSERS,
    operationId: 'createStreamTicket',
  })
  @ApiBody({ type: CreateTicketDto, required: false })
  @ApiResponse({ status: 201, type: TicketResponse, description: 'The ticket, and the URL to connect to.' })
  @ApiErrors(
    'VALIDATION_FAILED',
    'UNKNOWN_EVENT_TYPE',

    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
  )
  forTenant(@Tenant() tenantId: string, @Req() request: Request): Promise<TicketResponse> {
    readQuery(request, NoQuery);
    const body = readJson(request, CreateTicketDto);
    const base = this.basePath.of(request, '/events/stream-tickets');
    return this.issue(tenantId, body, request, `${base}/events/stream`, {});
  }

  private async issue(
    tenantId: string,
    { types }: CreateTicketDto,
    { principal }: Request,
    path: string,
    stream: StreamGrant,
  ): Promise<TicketResponse> {
    this.store.types.parseFilter(types ?? undefined);
    const { ticket, expiresAt } = await this.tickets.issue(
      tenantId,
      { ...stream, ...(types && { types }) },
      principal,
    );
    return { ticket, expires_at: new Date(expiresAt).toISOString(), url: `${path}?ticket=${ticket}` };
  }
}

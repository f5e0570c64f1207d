import type { Request } from 'express';
import { Controller, Delete, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { RequireScope } from '../auth/index.js';
import { GroupCatalog, GroupControl, PendingEntries } from '../consumer/index.js';
import { AcceptsBody, ApiErrors, ApiQueryOf, NoQuery, readJson, readQuery } from '../http/index.js';
import { Tenant } from '../tenancy/index.js';
import {
  ConsumerGroupListResponse,
  ConsumerGroupResponse,
  ConsumerGroupTrendResponse,
  ListPendingQuery,
  PendingListResponse,
  ReplayDto,
} from './dto/consumers.dto.js';
import { toGroupResponse, toPendingResponse, toTrendResponse } from './views.js';

const GROUP_PARAM = { name: 'group', description: 'Name of a consumer group.', example: 'billing' };
/** As the audit log has it. */
const namedBy = ({ principal }: Request): string | undefined =>
  principal && principal.kind !== 'tenant' ? principal.id : undefined;

const GROUP_NOW = { status: 200, type: ConsumerGroupResponse, description: 'The group as it is now.' };

@ApiTags('consumers')
@RequireScope('consumers:admin')
@AcceptsBody({ maxBytes: 16 * 1024 })
@Controller('consumers')
export class ConsumersController {
  constructor(
    private readonly groups: GroupCatalog,
    private readonly control: GroupControl,
    private readonly pendingEntries: PendingEntries,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'List the consumer groups',
    description: 'Those that are handled here, and those that were and still have a place in the journal.',
    operationId: 'listConsumers',
  })
  @ApiResponse({ status: 200, type: ConsumerGroupListResponse, description: 'All groups, by name.' })
  @ApiErrors('VALIDATION_FAILED', 'UNAUTHORIZED', 'FORBIDDEN', 'REDIS_UNAVAILABLE')
  async list(@Tenant() tenantId: string, @Req() request: Request): Promise<ConsumerGroupListResponse> {
    readQuery(request, NoQuery);
    const groups = (await this.groups.list(tenantId)).map(toGroupResponse);
    return { groups, count: groups.length };
  }

  @Get(':group')
  @ApiOperation({
    summary: 'Read a consumer group, and how it stood in the last hour',
    operationId: 'getConsumer',
  })
  @ApiParam(GROUP_PARAM)
  @ApiResponse({ status: 200, type: ConsumerGroupTrendResponse, description: 'The group as it is now.' })
  @ApiErrors('VALIDATION_FAILED', 'UNAUTHORIZED', 'FORBIDDEN', 'GROUP_NOT_FOUND', 'REDIS_UNAVAILABLE')
  async get(
    @Tenant() tenantId: string,
    @Param('group') group: string,
    @Req() request: Request,
  ): Promise<ConsumerGroupTrendResponse> {
    readQuery(request, NoQuery);
    const now = await this.groups.get(tenantId, group);
    const trend = await this.groups.trend(tenantId, group);
    return toTrendResponse(now, trend);
  }

  @Get(':group/pending')
  @ApiOperation({
    summary: 'List what a group was given and has no outcome for, oldest first',
    description: 'What is tried again in more than an hour comes last, by when.',
    operationId: 'listPending',
  })
  @ApiParam(GROUP_PARAM)
  @ApiResponse({ status: 200, type: PendingListResponse, description: 'One page of events.' })
  @ApiErrors('VALIDATION_FAILED', 'UNAUTHORIZED', 'FORBIDDEN', 'GROUP_NOT_FOUND', 'REDIS_UNAVAILABLE')
  @ApiQueryOf(ListPendingQuery)
  async pending(
    @Tenant() tenantId: string,
    @Param('group') group: string,
    @Req() request: Request,
  ): Promise<PendingListResponse> {
    const { limit, cursor } = readQuery(request, ListPendingQuery);
    const { entries, next } = await this.pendingEntries.list(tenantId, group, limit, cursor);
    return {
      pending: entries.map(toPendingResponse),
      count: entries.length,
      has_more: next !== undefined,
      next_cursor: next ?? null,
    };
  }

  @Post(':group/pause')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Stop delivery to a group, on every instance',
    description: 'No event is begun any more. Those that are being handled are finished.',
    operationId: 'pauseConsumers',
  })
  @ApiParam(GROUP_PARAM)
  @ApiResponse(GROUP_NOW)
  @ApiErrors('VALIDATION_FAILED', 'UNAUTHORIZED', 'FORBIDDEN', 'GROUP_NOT_FOUND', 'REDIS_UNAVAILABLE')
  async pause(
    @Tenant() tenantId: string,
    @Param('group') group: string,
    @Req() request: Request,
  ): Promise<ConsumerGroupResponse> {
    readQuery(request, NoQuery);
    await this.control.pause(tenantId, group, namedBy(request));
    return this.now(tenantId, group);
  }

  @Post(':group/resume')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Start delivery to a group again, on every instance',
    description: 'It goes on where it was stopped.',
    operationId: 'resumeConsumers',
  })
  @ApiParam(GROUP_PARAM)
  @ApiResponse(GROUP_NOW)
  @ApiErrors('VALIDATION_FAILED', 'UNAUTHORIZED', 'FORBIDDEN', 'GROUP_NOT_FOUND', 'REDIS_UNAVAILABLE')
  async resume(
    @Tenant() tenantId: string,
    @Param('group') group: string,
    @Req() request: Request,
  ): Promise<ConsumerGroupResponse> {
    readQuery(request, NoQuery);
    await this.control.resume(tenantId, group);
    return this.now(tenantId, group);
  }

  @Post(':group/replay')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Deliver to a group again what it was given before',
    description:
      'From there on every event that is still in the journal comes again, handled or not, with its attempts counted ' +
      'afresh. Dead letters stay. A group never goes forward: a place ahead of it changes nothing. With `ordering: run` ' +
      'the order within a run holds again from there on.',
    operationId: 'replayConsumers',
  })
  @ApiParam(GROUP_PARAM)
  @ApiBody({ type: ReplayDto })
  @ApiResponse(GROUP_NOW)
  @ApiErrors(
    'VALIDATION_FAILED',
    'UNAUTHORIZED',
    'FORBIDDEN',
    'GROUP_NOT_FOUND',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
  )
  async replay(
    @Tenant() tenantId: string,
    @Param('group') group: string,
    @Req() request: Request,
  ): Promise<ConsumerGroupResponse> {
    readQuery(request, NoQuery);
    const body = readJson(request, ReplayDto);
    await this.control.replay(tenantId, group, body.from);
    return this.now(tenantId, group);
  }

  @Delete(':group')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Remove a group that nobody handles any more, with its dead letters',
    description: 'Refused while a process handles it, or did within the last minute.',
    operationId: 'deleteConsumers',
  })
  @ApiParam(GROUP_PARAM)
  @ApiResponse({ status: 204, description: 'Gone.' })
  @ApiErrors(
    'VALIDATION_FAILED',
    'UNAUTHORIZED',
    'FORBIDDEN',
    'GROUP_NOT_FOUND',
    'GROUP_IN_USE',
    'REDIS_UNAVAILABLE',
  )
  async remove(
    @Tenant() tenantId: string,
    @Param('group') group: string,
    @Req() request: Request,
  ): Promise<void> {
    readQuery(request, NoQuery);
    await this.control.remove(tenantId, group);
  }

  private async now(tenantId: string, group: string): Promise<ConsumerGroupResponse> {
    return toGroupResponse(await this.groups.get(tenantId, group));
  }
}

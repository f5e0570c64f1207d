import { Controller, Delete, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { RequireScope } from '../auth/index.js';
import { DeadLetters } from '../consumer/index.js';
import { AcceptsBody, ApiErrors, ApiQueryOf, NoQuery, readerOf, readJson, readQuery } from '../http/index.js';
import { Tenant } from '../tenancy/index.js';
import {
  DeadLetterListResponse,
  DeleteDeadLettersQuery,
  ListDeadLettersQuery,
  MAX_REDRIVES,
  RedriveDto,
  RedriveResponse,
} from './dto/dead-letters.dto.js';
import { toDeadLetterResponse } from './views.js';

const ID_PARAM = { name: 'id', description: 'Id of a dead letter.', example: 'billing.1795279279000-0' };

@ApiTags('dead letters')
@RequireScope('consumers:admin')
@AcceptsBody({ maxBytes: 16 * 1024 })
@Controller('dead-letters')
export class DeadLettersController {
  constructor(private readonly letters: DeadLetters) {}

  @Get()
  @ApiOperation({
    summary: 'List dead letters, newest first',
    description: 'Go on with `next_cursor` as `cursor` until it is null.',
    operationId: 'listDeadLetters',
  })
  @ApiResponse({ status: 200, type: DeadLetterListResponse, description: 'One page of dead letters.' })
  @ApiErrors(
    'VALIDATION_FAILED',
    'UNKNOWN_EVENT_TYPE',
    'UNAUTHORIZED',
    'FORBIDDEN',
    'GROUP_NOT_FOUND',
    'REDIS_UNAVAILABLE',
  )
  @ApiQueryOf(ListDeadLettersQuery)
  async list(@Tenant() tenantId: string, @Req() request: Request): Promise<DeadLetterListResponse> {
    const { group, type, limit, cursor } = readQuery(request, ListDeadLettersQuery);
    const { letters, next } = await this.letters.list(
      tenantId,
      { group, type },
      limit,
      cursor,
      readerOf(request),
    );
    return {
      dead_letters: letters.map(toDeadLetterResponse),
      count: letters.length,
      has_more: next !== undefined,
      next_cursor: next ?? null,
    };
  }

  @Post('redrive')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Send dead letters of a group back to it',
    description:
      'To that group alone, oldest first. Those that die again meanwhile are not sent another time.',
    operationId: 'redriveDeadLetters',
  })
  @ApiBody({
    type: RedriveDto,
    examples: { group: { summary: 'All of a group', value: { group: 'billing' } } },
  })
  @ApiResponse({ status: 200, type: RedriveResponse, description: 'How many were sent.' })
  @ApiErrors(
    'VALIDATION_FAILED',
    'UNKNOWN_EVENT_TYPE',
    'UNAUTHORIZED',
    'FORBIDDEN',
    'GROUP_NOT_FOUND',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
  )
  redriveAll(@Tenant() tenantId: string, @Req() request: Request): Promise<RedriveResponse> {
    readQuery(request, NoQuery);
    const { group, limit, type } = readJson(request, RedriveDto);
    return this.letters.redriveAll(tenantId, group, limit ?? MAX_REDRIVES, type ?? undefined);
  }

  @Post(':id/redrive')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Send a dead letter back to its group',
    description: 'To that group alone, and once: a second call finds none.',
    operationId: 'redriveDeadLetter',
  })
  @ApiParam(ID_PARAM)
  @ApiResponse({ status: 200, type: RedriveResponse, description: 'It was sent.' })
  @ApiErrors('VALIDATION_FAILED', 'UNAUTHORIZED', 'FORBIDDEN', 'DEAD_LETTER_NOT_FOUND', 'REDIS_UNAVAILABLE')
  async redrive(
    @Tenant() tenantId: string,
    @Param('id') id: string,
    @Req() request: Request,
  ): Promise<RedriveResponse> {
    readQuery(request, NoQuery);
    await this.letters.redrive(tenantId, id);
    return { redriven: 1, trimmed: 0 };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a dead letter',
    description: 'Its event stays in the log of its run.',
    operationId: 'deleteDeadLetter',
  })
  @ApiParam(ID_PARAM)
  @ApiResponse({ status: 204, description: 'Gone.' })
  @ApiErrors('VALIDATION_FAILED', 'UNAUTHORIZED', 'FORBIDDEN', 'DEAD_LETTER_NOT_FOUND', 'REDIS_UNAVAILABLE')
  async delete(@Tenant() tenantId: string, @Param('id') id: string, @Req() request: Request): Promise<void> {
    readQuery(request, NoQuery);
    await this.letters.delete(tenantId, id);
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete all dead letters of a group',
    description: 'Their events stay in the logs of their runs.',
    operationId: 'deleteDeadLetters',
  })
  @ApiResponse({ status: 204, description: 'Gone.' })
  @ApiErrors('VALIDATION_FAILED', 'UNAUTHORIZED', 'FORBIDDEN', 'GROUP_NOT_FOUND', 'REDIS_UNAVAILABLE')
  @ApiQueryOf(DeleteDeadLettersQuery)
  async deleteAll(@Tenant() tenantId: string, @Req() request: Request): Promise<void> {
    const { group } = readQuery(request, DeleteDeadLettersQuery);
    await this.letters.deleteAll(tenantId, group);
  }
}

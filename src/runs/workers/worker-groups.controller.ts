import { Controller, HttpCode, Param, Post, Put, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { CredentialWatch, RequireScope } from '../../auth/index.js';
import { EventStore } from '../../event-store/index.js';
import { AcceptsBody, ApiErrors, NoQuery, readItem, readJson, readQuery } from '../../http/index.js';
import { answerWork, EventDeliveries, ServedGroups } from '../../pull/index.js';
import { Tenant } from '../../tenancy/index.js';
import {
  DeliveriesResponse,
  HeldDeliveryDto,
  PutGroupDto,
  RenewedLeasesResponse,
  RenewLeasesDto,
  SettledResponse,
  SettleDto,
  TakeDeliveriesDto,
  WorkerGroupResponse,
} from './worker-group.dto.js';
import { readGroup, readSettlements } from './worker-group-input.js';
import { toDeliveryResponse, toGroupResponse, toSettledResponse } from './worker-group-view.js';

const GROUP_PARAM = { name: 'group', description: 'Name of a consumer group.', example: 'billing' };

/** Consumer groups whose events a tenant's own workers handle. */
@ApiTags('workers')
@RequireScope('events:handle')
@Controller('consumers/:group')
export class WorkerGroupsController {
  constructor(
    private readonly served: ServedGroups,
    private readonly deliveries: EventDeliveries,
    private readonly credentials: CredentialWatch,
    private readonly store: EventStore,
  ) {}

  @Put()
  @AcceptsBody({ maxBytes: 64 * 1024 })
  @ApiOperation({
    summary: 'Make a consumer group of workers known',
    description: 'It gathers events from then on, whether or not a worker is up.',
    operationId: 'putConsumer',
  })
  @ApiParam(GROUP_PARAM)
  @ApiBody({ type: PutGroupDto, required: false })
  @ApiResponse({ status: 200, type: WorkerGroupResponse, description: 'The group as its workers have it.' })
  @ApiErrors(
    'VALIDATION_FAILED',
    'UNKNOWN_EVENT_TYPE',
    'GROUP_TAKEN',
    'GROUP_IN_USE',
    'VERSION_OUTDATED',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
  )
  async put(
    @Tenant() tenantId: string,
    @Param('group') name: string,
    @Req() request: Request,
  ): Promise<WorkerGroupResponse> {
    readQuery(request, NoQuery);
    const group = readGroup(this.store, name, readJson(request, PutGroupDto));
    return toGroupResponse(name, await this.served.put(tenantId, name, group));
  }

  @Post('deliveries')
  @HttpCode(200)
  @AcceptsBody({ maxBytes: 4096 })
  @ApiOperation({
    summary: 'Ask for events to handle',
    description:
      'Waits up to `wait_seconds` for one. What is given is the worker’s until its lease ends; then it is given to another.',
    operationId: 'takeDeliveries',
  })
  @ApiParam(GROUP_PARAM)
  @ApiBody({ type: TakeDeliveriesDto })
  @ApiResponse({
    status: 200,
    type: DeliveriesResponse,
    description: 'Events, each with the token of this attempt.',
  })
  @ApiResponse({ status: 204, description: 'None came.' })
  @ApiErrors(
    'VALIDATION_FAILED',
    'GROUP_NOT_FOUND',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
  )
  take(
    @Tenant() tenantId: string,
    @Param('group') group: string,
    @Req() request: Request,
    @Res() response: Response,
  ): void {
    readQuery(request, NoQuery);
    const { worker, claim_id: claimId, max, wait_seconds } = readJson(request, TakeDeliveriesDto);
    const waitMs = (wait_seconds ?? 20) * 1000;
    answerWork(request, response, this.credentials, waitMs > 0, async (gone) => {
      const asked = { tenantId, group, worker, claimId, most: max ?? 10, waitMs };
      const given = await this.deliveries.take(asked, gone);
      return given.length > 0 ? { deliveries: given.map(toDeliveryResponse) } : undefined;
    });
  }

  @Post('settlements')
  @HttpCode(200)
  @AcceptsBody({ maxBytes: 8 * 1024 * 1024 })
  @ApiOperation({
    summary: 'Say what came of events',
    description:
      'Each is recorded in one step with its effects. Said again within 24 hours it is answered the same, and the first ' +
      'body counts.',
    operationId: 'settleDeliveries',
  })
  @ApiParam(GROUP_PARAM)
  @ApiBody({ type: SettleDto })
  @ApiResponse({ status: 200, type: SettledResponse, description: 'What was recorded, in order.' })
  @ApiErrors(
    'VALIDATION_FAILED',
    'UNKNOWN_EVENT_TYPE',
    'UNKNOWN_EXECUTOR',
    'EVENT_TOO_LARGE',
    'GROUP_NOT_FOUND',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
  )
  async settle(
    @Tenant() tenantId: string,
    @Param('group') group: string,
    @Req() request: Request,
  ): Promise<SettledResponse> {
    readQuery(request, NoQuery);
    const settlements = readSettlements(readJson(request, SettleDto).settlements);
    const settled = await this.deliveries.settle(tenantId, group, settlements);
    return { settlements: settled.map((one, i) => toSettledResponse(settlements[i]?.id ?? '', one)) };
  }

  @Post('leases')
  @HttpCode(200)
  @AcceptsBody({ maxBytes: 64 * 1024 })
  @ApiOperation({ summary: 'Renew the leases of events', operationId: 'renewDeliveries' })
  @ApiParam(GROUP_PARAM)
  @ApiBody({ type: RenewLeasesDto })
  @ApiResponse({ status: 200, type: RenewedLeasesResponse, description: 'Until when each holds, in order.' })
  @ApiErrors(
    'VALIDATION_FAILED',
    'GROUP_NOT_FOUND',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
  )
  async renew(
    @Tenant() tenantId: string,
    @Param('group') group: string,
    @Req() request: Request,
  ): Promise<RenewedLeasesResponse> {
    readQuery(request, NoQuery);
    const leases = readJson(request, RenewLeasesDto).leases.map((lease, i) =>
      readItem(lease, HeldDeliveryDto, `leases[${i}]`),
    );
    const ends = await this.deliveries.renew(tenantId, group, leases);
    return {
      leases: leases.map(({ id }, i) => {
        const until = ends[i];
        return { id, lease_expires_at: until === undefined ? null : new Date(until).toISOString() };
      }),
    };
  }
}

import { Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { firstValueFrom, merge } from 'rxjs';
import { CredentialWatch, RequireScope } from '../../auth/index.js';
import { EventStore, RunWatcher } from '../../event-store/index.js';
import { isTerminal } from '../../events/index.js';
import { AcceptsBody, ApiErrors, Draining, NoQuery, readJson, readQuery } from '../../http/index.js';
import { answerWork, type LeaseState, RunLeases } from '../../pull/index.js';
import { Tenant } from '../../tenancy/index.js';
import { aborted, after, endOf } from '../run-end.js';
import { RUN_ID_PARAM } from '../runs.controller.js';
import { LEASE_HEADER, leaseTokenOf } from './lease-token.js';
import { LeaseResponse, ReleaseRunDto, RenewLeaseDto } from './worker.dto.js';

/** What a worker says of a run that it has, beside its events. */
@ApiTags('workers')
@Controller('runs/:run_id')
export class RunLeasesController {
  constructor(
    private readonly leases: RunLeases,
    private readonly store: EventStore,
    private readonly watcher: RunWatcher,
    private readonly credentials: CredentialWatch,
    private readonly draining: Draining,
  ) {}

  @Post('lease')
  @HttpCode(200)
  @AcceptsBody({ maxBytes: 4096 })
  @RequireScope('runs:execute')
  @ApiOperation({
    summary: 'Renew the lease on a run, or wait for the end of the run',
    description: 'With `wait_seconds` it is answered at once when the run is cancelled.',
    operationId: 'renewLease',
  })
  @ApiParam(RUN_ID_PARAM)
  @ApiHeader(LEASE_HEADER)
  @ApiBody({ type: RenewLeaseDto, required: false })
  @ApiResponse({ status: 200, type: LeaseResponse, description: 'How the run stands.' })
  @ApiErrors(
    'VALIDATION_FAILED',
    'RUN_NOT_FOUND',
    'LEASE_LOST',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
  )
  renew(
    @Tenant() tenantId: string,
    @Param('run_id') runId: string,
    @Req() request: Request,
    @Res() response: Response,
  ): void {
    readQuery(request, NoQuery);
    const waitMs = (readJson(request, RenewLeaseDto).wait_seconds ?? 0) * 1000;
    // Without one it is no run's, and a run that is not there comes first.
    const token = leaseTokenOf(request) ?? '';
    answerWork(request, response, this.credentials, waitMs > 0, async (gone) => {
      const lease = await this.leases.get(tenantId, runId, token);
      let state = await this.leases.renew(lease);
      if (waitMs > 0 && !isTerminal(state.status)) {
        const ended = await endOf(this.watcher, tenantId, runId);
        // At a shutdown it is answered as the run stands, and asks again elsewhere.
        await firstValueFrom(merge(ended, after(waitMs), aborted(this.draining.signal), aborted(gone)));
        if (!gone.aborted) state = await this.leases.renew(lease);
      }
      return this.view(tenantId, runId, state);
    });
  }

  @Post('release')
  @HttpCode(204)
  @AcceptsBody({ maxBytes: 4096 })
  @RequireScope('runs:execute')
  @ApiOperation({
    summary: 'Give a run back',
    description: 'For a clean stop: the next claim gets it, as its next attempt. It counts as no crash.',
    operationId: 'releaseRun',
  })
  @ApiParam(RUN_ID_PARAM)
  @ApiHeader(LEASE_HEADER)
  @ApiBody({ type: ReleaseRunDto, required: false })
  @ApiResponse({ status: 204, description: 'It is given back, or has ended.' })
  @ApiErrors(
    'VALIDATION_FAILED',
    'RUN_NOT_FOUND',
    'LEASE_LOST',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
  )
  async release(
    @Tenant() tenantId: string,
    @Param('run_id') runId: string,
    @Req() request: Request,
  ): Promise<void> {
    readQuery(request, NoQuery);
    const { delay_seconds } = readJson(request, ReleaseRunDto);
    const lease = await this.leases.get(tenantId, runId, leaseTokenOf(request) ?? '');
    await this.leases.release(lease, (delay_seconds ?? 0) * 1000);
  }

  private async view(
    tenantId: string,
    runId: string,
    { status, expiresAt }: LeaseState,
  ): Promise<LeaseResponse> {
    return {
      status,
      lease_expires_at: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
      cancel_reason: status === 'cancelled' ? await this.reasonOf(tenantId, runId) : null,
    };
  }

  private async reasonOf(tenantId: string, runId: string): Promise<string | null> {
    const range = { from: '-', to: '+', order: 'desc', limit: 1, maxBytes: 1 } as const;
    const { events } = await this.store.readRange(tenantId, runId, range);
    const last = JSON.parse(events[0]?.json.toString() ?? '{}') as { data?: { reason?: unknown } };
    return typeof last.data?.reason === 'string' ? last.data.reason : null;
  }
}

import { Controller, Delete, Get, HttpCode, Param, Post, Put, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { CredentialWatch, RequireScope } from '../../auth/index.js';
import { RunNotFoundError, ValidationFailedError } from '../../common/index.js';
import { RunStore } from '../../event-store/index.js';
import { EXECUTOR_NAME } from '../../executors/index.js';
import { AcceptsBody, ApiErrors, BasePath, NoQuery, readJson, readQuery } from '../../http/index.js';
import { answerWork, type ClaimedRun, ExecutorClaims, WorkerExecutors } from '../../pull/index.js';
import { Tenant } from '../../tenancy/index.js';
import { toRunResponse } from '../run-view.js';
import {
  ClaimRunsDto,
  PutExecutorDto,
  type RunClaimDto,
  RunClaimsResponse,
  WorkerExecutorResponse,
} from './worker.dto.js';

const NAME_PARAM = { name: 'name', example: 'summarise' };

/** Executors that a tenant's own workers run. */
@ApiTags('workers')
@Controller('executors/:name')
export class WorkerExecutorsController {
  constructor(
    private readonly executors: WorkerExecutors,
    private readonly claims: ExecutorClaims,
    private readonly runs: RunStore,
    private readonly credentials: CredentialWatch,
    private readonly basePath: BasePath,
  ) {}

  @Put()
  @AcceptsBody({ maxBytes: 64 * 1024 })
  @RequireScope('runs:execute')
  @ApiOperation({
    summary: 'Make an executor of workers known',
    description: 'From then on runs may name it, whether or not a worker is up.',
    operationId: 'putExecutor',
  })
  @ApiParam(NAME_PARAM)
  @ApiBody({ type: PutExecutorDto, required: false })
  @ApiResponse({ status: 200, type: WorkerExecutorResponse, description: 'The executor.' })
  @ApiErrors(
    'VALIDATION_FAILED',
    'EXECUTOR_TAKEN',
    'VERSION_OUTDATED',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
  )
  async put(
    @Tenant() tenantId: string,
    @Param('name') name: string,
    @Req() request: Request,
  ): Promise<WorkerExecutorResponse> {
    readQuery(request, NoQuery);
    const body = readJson(request, PutExecutorDto);
    if (!EXECUTOR_NAME.test(name)) {
      const message =
        'must begin with a lower-case letter and go on with at most 62 lower-case letters, digits, "_" or "-"';
      throw new ValidationFailedError([{ path: 'name', message }]);
    }
    await this.executors.put(tenantId, name, {
      version: body.version ?? 1,
      onCrash: body.on_crash ?? 'fail',
      maxAttempts: body.max_attempts ?? 5,
      leaseMs: (body.lease_seconds ?? 30) * 1000,
      inputSchema: body.input_schema ?? undefined,
    });
    return this.view(tenantId, name);
  }

  @Get()
  @RequireScope('runs:read')
  @ApiOperation({ summary: 'Get an executor of workers', operationId: 'getExecutor' })
  @ApiParam(NAME_PARAM)
  @ApiResponse({ status: 200, type: WorkerExecutorResponse, description: 'How it stands.' })
  @ApiErrors('VALIDATION_FAILED', 'EXECUTOR_NOT_FOUND', 'REDIS_UNAVAILABLE')
  get(
    @Tenant() tenantId: string,
    @Param('name') name: string,
    @Req() request: Request,
  ): Promise<WorkerExecutorResponse> {
    readQuery(request, NoQuery);
    return this.view(tenantId, name);
  }

  @Delete()
  @HttpCode(204)
  @RequireScope('runs:execute')
  @ApiOperation({
    summary: 'Forget an executor of workers',
    description: 'No run can name it any more. Runs that wait stay, and are executed if it is put again.',
    operationId: 'deleteExecutor',
  })
  @ApiParam(NAME_PARAM)
  @ApiResponse({ status: 204, description: 'It is forgotten.' })
  @ApiErrors('VALIDATION_FAILED', 'EXECUTOR_NOT_FOUND', 'REDIS_UNAVAILABLE')
  async delete(
    @Tenant() tenantId: string,
    @Param('name') name: string,
    @Req() request: Request,
  ): Promise<void> {
    readQuery(request, NoQuery);
    await this.executors.delete(tenantId, name);
  }

  @Post('claims')
  @HttpCode(200)
  @AcceptsBody({ maxBytes: 4096 })
  @RequireScope('runs:execute')
  @ApiOperation({
    summary: 'Ask for runs to execute',
    description:
      'Waits up to `wait_seconds` for one. What is given is the worker’s until its lease ends: each call with its ' +
      '`Lease-Token` renews that.',
    operationId: 'claimRuns',
  })
  @ApiParam(NAME_PARAM)
  @ApiBody({ type: ClaimRunsDto })
  @ApiResponse({ status: 200, type: RunClaimsResponse, description: 'Runs, which are `running` now.' })
  @ApiResponse({ status: 204, description: 'None came.' })
  @ApiErrors(
    'VALIDATION_FAILED',
    'EXECUTOR_NOT_FOUND',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
  )
  claim(
    @Tenant() tenantId: string,
    @Param('name') name: string,
    @Req() request: Request,
    @Res() response: Response,
  ): void {
    readQuery(request, NoQuery);
    const body = readJson(request, ClaimRunsDto);
    const waitMs = (body.wait_seconds ?? 20) * 1000;
    answerWork(request, response, this.credentials, waitMs > 0, async (gone) => {
      const claimed = await this.claims.claim(
        {
          ...{ tenantId, executor: name, worker: body.worker, claimId: body.claim_id },
          most: body.max ?? 1,
          waitMs,
        },
        gone,
      );
      const base = this.basePath.of(request, '/executors/:name/claims');
      const claims = (await Promise.all(claimed.map((one) => this.claimView(one, base)))).flat();
      return claims.length > 0 ? { claims } : undefined;
    });
  }

  /** None where the run was deleted meanwhile. */
  private async claimView(claimed: ClaimedRun, base: string): Promise<RunClaimDto[]> {
    const { tenantId, runId } = claimed.entry;
    try {
      const run = await this.runs.get(tenantId, runId);
      const until = run.holder?.leaseUntil ?? Date.now() + claimed.leaseMs;
      return [
        {
          run: toRunResponse(run, base),
          lease_token: claimed.token,
          lease_expires_at: new Date(until).toISOString(),
        },
      ];
    } catch (error) {
      if (error instanceof RunNotFoundError) return [];
      throw error;
    }
  }

  private async view(tenantId: string, name: string): Promise<WorkerExecutorResponse> {
    const executor = await this.executors.get(tenantId, name);
    const [standing, workers] = await Promise.all([
      this.executors.standing(tenantId, name, executor),
      this.executors.workers(tenantId, name),
    ]);
    return {
      name,
      version: executor.version,
      on_crash: executor.onCrash,
      max_attempts: executor.maxAttempts,
      lease_seconds: executor.leaseMs / 1000,
      input_schema: executor.inputSchema ?? null,
      running: standing.running,
      pending: standing.pending,
      workers: workers.map(({ worker, running, askedAt }) => ({
        ...{ worker, running },
        asked_at: askedAt === undefined ? null : new Date(askedAt).toISOString(),
      })),
    };
  }
}

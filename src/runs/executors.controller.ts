import { Controller, Get, Req } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { RequireScope } from '../auth/index.js';
import { ExecutorOverview } from '../dispatch/index.js';
import { ApiErrors, NoQuery, readQuery } from '../http/index.js';
import { WorkerExecutors } from '../pull/index.js';
import { Tenant } from '../tenancy/index.js';
import { ExecutorListResponse, type ExecutorResponse } from './dto/executor.dto.js';

@ApiTags('executors')
@Controller('executors')
export class ExecutorsController {
  constructor(
    private readonly overview: ExecutorOverview,
    private readonly workers: WorkerExecutors,
  ) {}

  @Get()
  @RequireScope('runs:read')
  @ApiOperation({
    summary: 'List the executors',
    description:
      'Those that `POST /runs` can name beside `external`, how many processes have them, and what waits.',
    operationId: 'listExecutors',
  })
  @ApiResponse({ status: 200, type: ExecutorListResponse, description: 'All executors, by name.' })
  @ApiErrors('VALIDATION_FAILED', 'REDIS_UNAVAILABLE')
  async list(@Tenant() tenantId: string, @Req() request: Request): Promise<ExecutorListResponse> {
    readQuery(request, NoQuery);
    const own = (await this.overview.list(tenantId)).map(
      ({ name, inputSchema, liveInstances, slots, running, pending }) => ({
        name,
        input_schema: inputSchema ?? null,
        live_instances: liveInstances,
        ...(slots && { slots: { ...slots, free: Math.max(0, slots.total - slots.taken) } }),
        running,
        pending,
        served_by: 'service' as const,
      }),
    );
    const executors = [...own, ...(await this.ofWorkers(tenantId))].sort((a, b) =>
      a.name < b.name ? -1 : 1,
    );
    return { executors, count: executors.length };
  }

  private async ofWorkers(tenantId: string): Promise<ExecutorResponse[]> {
    const all = await this.workers.list(tenantId);
    return Promise.all(
      all.map(async ({ name, inputSchema, running, pending }) => ({
        ...{ name, running, pending },
        input_schema: inputSchema ?? null,
        live_instances: (await this.workers.workers(tenantId, name)).length,
        served_by: 'workers' as const,
      })),
    );
  }
}

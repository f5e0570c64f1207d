import { Controller, Get, Header, Inject, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { RequireScope } from '../auth/index.js';
import { AllTenants, AlwaysAdmitted, notServed } from '../http/index.js';
import { METRICS_OPTIONS, type MetricsOptions } from './metrics-options.js';
import { MetricsRegistry } from './metrics-registry.js';

@ApiTags('metrics')
@RequireScope('consumers:admin')
@AllTenants()
@AlwaysAdmitted()
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly registry: MetricsRegistry,
    @Inject(METRICS_OPTIONS) private readonly options: MetricsOptions,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'Metrics for Prometheus',
    description:
      'Not served here when metrics have a port of their own (`METRICS_PORT`). They are those of all tenants: with ' +
      'credentials and multi-tenancy on, only that port gives them.',
    operationId: 'getMetrics',
  })
  @ApiProduces('text/plain')
  @ApiResponse({
    status: 200,
    description: 'The metrics; docs/operations.md says what each means.',
    content: { 'text/plain': { schema: { type: 'string' }, example: 'runstream_redis_up{shard="0"} 1\n' } },
  })
  async metrics(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<string> {
    // Options that are known only once the application starts may have given it a port of its own.
    if (this.options.port !== undefined) throw notServed(request);
    const text = await this.registry.text();
    response.type(this.registry.contentType);
    return text;
  }
}

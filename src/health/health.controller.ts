import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { Public } from '../auth/index.js';
import { RunstreamError } from '../common/index.js';
import { AlwaysAdmitted } from '../http/index.js';
import { HealthRegistry, type HealthReport } from './health-registry.js';
import { LivenessResponse, ReadinessResponse } from './health-response.dto.js';

@ApiTags('health')
@Public()
@AlwaysAdmitted()
@Controller('health')
export class HealthController {
  constructor(private readonly registry: HealthRegistry) {}

  @Get('live')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'Is the process alive?',
    description: 'It says nothing of what the process needs: ask `GET /health/ready` for that.',
    operationId: 'getLiveness',
  })
  @ApiOkResponse({ type: LivenessResponse, description: 'It is.' })
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'Can the service serve?',
    description: 'While it cannot, the answer is the error body, with the same `checks` in its `details`.',
    operationId: 'getReadiness',
  })
  @ApiOkResponse({ type: ReadinessResponse, description: 'It can.' })
  @ApiServiceUnavailableResponse({
    description:
      '`REDIS_UNAVAILABLE`, or `OVERLOADED` when something else is down or the service is shutting down.',
    // By name, so that this module does not need the one that declares it; setupDocs always adds it.
    content: { 'application/json': { schema: { $ref: '#/components/schemas/ErrorResponse' } } },
  })
  async ready(): Promise<{ status: 'ok'; checks: HealthReport['checks'] }> {
    const { ready, checks } = await this.registry.report();
    if (ready) return { status: 'ok', checks };
    const down = Object.keys(checks).filter((name) => checks[name] === 'down');
    throw new RunstreamError(
      checks['redis'] === 'down' ? 'REDIS_UNAVAILABLE' : 'OVERLOADED',
      `Not ready, down: ${down.join(', ')}. Send requests to another instance and ask again.`,
      { details: { checks }, retryAfterSeconds: 2 },
    );
  }
}

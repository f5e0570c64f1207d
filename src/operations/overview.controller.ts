import type { Request } from 'express';
import { Controller, Get, Req } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { RequireScope } from '../auth/index.js';
import { GroupOverviews, GroupSamples } from '../consumer/index.js';
import { AllTenants, ApiErrors, NoQuery, readQuery } from '../http/index.js';
import { ConsumerOverviewResponse } from './dto/overview.dto.js';
import { toOverviewResponse } from './overview-views.js';

@ApiTags('consumers')
@RequireScope('consumers:admin')
@AllTenants()
@Controller('consumers/overview')
export class OverviewController {
  constructor(
    private readonly overviews: GroupOverviews,
    private readonly samples: GroupSamples,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'How the consumer groups stand in sum over all tenants',
    description:
      'The groups that this application handles, and those that any process had within the last hour; a hundred at ' +
      'most. The numbers are three seconds old at most. They are those of all tenants: with credentials and ' +
      'multi-tenancy on it is closed, as `GET /metrics` is.',
    operationId: 'getConsumerOverview',
  })
  @ApiResponse({ status: 200, type: ConsumerOverviewResponse, description: 'The groups, by name.' })
  @ApiErrors('VALIDATION_FAILED', 'UNAUTHORIZED', 'FORBIDDEN', 'REDIS_UNAVAILABLE')
  async overview(@Req() request: Request): Promise<ConsumerOverviewResponse> {
    readQuery(request, NoQuery);
    const groups = await Promise.all(
      (await this.overviews.list()).map(async (overview) =>
        toOverviewResponse(overview, await this.samples.list(overview.group)),
      ),
    );
    return { groups, count: groups.length };
  }
}

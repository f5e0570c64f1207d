import { Controller, Get, Param, Put, Req } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { RequireScope } from '../auth/index.js';
import { LIMIT_NAMES } from '../config/index.js';
import { AcceptsBody, ApiErrors, NoQuery, readJson, readQuery } from '../http/index.js';
import { TenantLimits, type TenantLimitValues } from '../limits/index.js';
import { WorkTenant } from '../tenancy/index.js';
import { SetLimitsDto, TenantLimitsResponse, toLimitsDto } from './dto/limits.dto.js';

const TENANT_PARAM = { name: 'tenant', example: 'acme', description: 'Any tenant that is served.' };

@ApiTags('tenants')
@RequireScope('tenants:admin')
@Controller('tenants/:tenant/limits')
export class TenantLimitsController {
  constructor(
    private readonly limits: TenantLimits,
    private readonly tenants: WorkTenant,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'What a tenant may take',
    description: 'Of the deployment as a whole, whatever the tenant of the credential.',
    operationId: 'getTenantLimits',
  })
  @ApiParam(TENANT_PARAM)
  @ApiResponse({ status: 200, type: TenantLimitsResponse, description: 'The limits of the tenant.' })
  @ApiErrors('VALIDATION_FAILED', 'UNAUTHORIZED', 'FORBIDDEN', 'REDIS_UNAVAILABLE')
  async get(@Param('tenant') tenantId: string, @Req() request: Request): Promise<TenantLimitsResponse> {
    readQuery(request, NoQuery);
    this.tenants.assertServed(tenantId);
    return this.answer(tenantId, await this.limits.own(tenantId));
  }

  @Put()
  @AcceptsBody({ maxBytes: 4096 })
  @ApiOperation({
    summary: 'Say what a tenant may take',
    description:
      'All of it: what is absent or null is left to the default of the deployment. It holds within two seconds on every ' +
      'instance; what is under way by then goes on.',
    operationId: 'setTenantLimits',
  })
  @ApiParam(TENANT_PARAM)
  @ApiResponse({ status: 200, type: TenantLimitsResponse, description: 'The limits, as they are now.' })
  @ApiErrors(
    'VALIDATION_FAILED',
    'UNAUTHORIZED',
    'FORBIDDEN',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'REDIS_UNAVAILABLE',
  )
  async set(@Param('tenant') tenantId: string, @Req() request: Request): Promise<TenantLimitsResponse> {
    readQuery(request, NoQuery);
    this.tenants.assertServed(tenantId);
    const body = readJson(request, SetLimitsDto);
    const own: TenantLimitValues = Object.fromEntries(
      LIMIT_NAMES.flatMap((name) => {
        const value = body[name] ?? undefined;
        return value === undefined ? [] : [[name, value]];
      }),
    );
    await this.limits.set(tenantId, own);
    return this.answer(tenantId, own);
  }

  private answer(tenantId: string, own: TenantLimitValues): TenantLimitsResponse {
    return {
      tenant_id: tenantId,
      own: toLimitsDto(own),
      in_force: toLimitsDto(this.limits.with(own)),
    };
  }
}

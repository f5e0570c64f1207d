import { Module } from '@nestjs/common';
import { TenantLimitsController } from './tenant-limits.controller.js';

/** `/tenants/:tenant/limits`, for who operates the deployment. It needs LimitsModule and TenancyModule at the root. */
@Module({ controllers: [TenantLimitsController] })
export class TenantsModule {}

import { type DynamicModule, Module, type Type } from '@nestjs/common';
import type { TenancyConfig } from '../config/index.js';
import { TenantContext } from './tenant-context.js';
import { HeaderTenantResolver, TENANCY_CONFIG, TenantResolver } from './tenant-resolver.js';
import { RequestTenant } from './request-tenant.js';
import { WorkTenant } from './work-tenant.js';

/**
 * Gives every request its tenant: `@Tenant()`; and `TenantContext`, which handlers and executors run in. Global, since an application has one tenancy.
 * `configureRunstream(app)` asks RequestTenant before a body is read.
 *
 * @publicApi
 */
@Module({})
export class TenancyModule {
  /** @param resolver what says which tenant a request belongs to */
  static forRoot(
    config: TenancyConfig,
    resolver: Type<TenantResolver> = HeaderTenantResolver,
  ): DynamicModule {
    return {
      module: TenancyModule,
      global: true,
      providers: [
        { provide: TENANCY_CONFIG, useValue: config },
        { provide: TenantResolver, useClass: resolver },
        TenantContext,
        RequestTenant,
        WorkTenant,
      ],
      exports: [TENANCY_CONFIG, TenantContext, TenantResolver, RequestTenant, WorkTenant],
    };
  }
}

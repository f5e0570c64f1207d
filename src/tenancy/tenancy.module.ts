import { type DynamicModule, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import type { TenancyConfig } from '../config/index.js';
import { TenantContext } from './tenant-context.js';
import { HeaderTenantResolver, TENANCY_CONFIG, TenantResolver } from './tenant-resolver.js';
import { TenantMiddleware } from './tenant.middleware.js';

/**
 * Gives every request its tenant: `TenantContext`, `@Tenant()`. Global, since an application has one tenancy.
 *
 * @publicApi
 */
@Module({})
export class TenancyModule implements NestModule {
  static forRoot(config: TenancyConfig): DynamicModule {
    return {
      module: TenancyModule,
      global: true,
      providers: [
        { provide: TENANCY_CONFIG, useValue: config },
        { provide: TenantResolver, useClass: HeaderTenantResolver },
        TenantContext,
      ],
      exports: [TenantContext, TenantResolver],
    };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(TenantMiddleware).forRoutes('{*path}');
  }
}

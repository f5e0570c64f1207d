import {
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  Global,
  Module,
  type Type,
} from '@nestjs/common';
import { configurableModule, type TenancyConfig } from '../config/index.js';
import { TENANCY_DEFAULTS } from './tenancy-defaults.js';
import { TenantContext } from './tenant-context.js';
import { HeaderTenantResolver, TENANCY_CONFIG, TenantResolver } from './tenant-resolver.js';
import { RequestTenant } from './request-tenant.js';
import { WorkTenant } from './work-tenant.js';

/** Whose requests are served. All has defaults: off, one tenant. @publicApi */
export type TenancyOptions = Partial<TenancyConfig>;

const TENANCY_OPTIONS = Symbol('TENANCY_OPTIONS');
const { ConfigurableModule, options } = configurableModule<TenancyOptions>('tenancy', TENANCY_OPTIONS);

/**
 * Gives every request its tenant: `@Tenant()`; and `TenantContext`, which handlers and executors run in. Global, since
 * an application has one tenancy.
 *
 * @publicApi
 */
@Global()
@Module({
  providers: [
    options,
    {
      provide: TENANCY_CONFIG,
      inject: [TENANCY_OPTIONS],
      useFactory: (given: TenancyOptions): TenancyConfig => ({ ...TENANCY_DEFAULTS, ...given }),
    },
    TenantContext,
    RequestTenant,
    WorkTenant,
  ],
  exports: [TENANCY_CONFIG, TenantContext, RequestTenant, WorkTenant],
})
export class TenancyModule extends ConfigurableModule {
  /** @param resolver what says which tenant a request belongs to. Default: the header */
  static override forRoot(
    options: TenancyOptions = {},
    resolver: Type<TenantResolver> = HeaderTenantResolver,
  ): DynamicModule {
    return withResolver(super.forRoot(options), resolver);
  }

  static override forRootAsync({
    resolver = HeaderTenantResolver,
    ...options
  }: ConfigurableModuleAsyncOptions<TenancyOptions> & { resolver?: Type<TenantResolver> }): DynamicModule {
    return withResolver(super.forRootAsync(options), resolver);
  }
}

function withResolver(module: DynamicModule, resolver: Type<TenantResolver>): DynamicModule {
  return {
    ...module,
    providers: [...(module.providers ?? []), { provide: TenantResolver, useClass: resolver }],
    exports: [TenantResolver],
  };
}

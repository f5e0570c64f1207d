import { type DynamicModule, Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { HealthRegistry } from './health-registry.js';
import { RunstreamHealth } from './runstream-health.js';

/** Which routes of health an application has. @publicApi */
export interface HealthRoutes {
  /** Whether `/health/live` and `/health/ready` are routes of the application. Default true. */
  route?: boolean;
}

/**
 * What must be up. Global, so that a module can register its indicator wherever it is.
 *
 * @publicApi
 */
@Module({})
export class HealthModule {
  static forRoot({ route = true }: HealthRoutes = {}): DynamicModule {
    return {
      module: HealthModule,
      global: true,
      controllers: route ? [HealthController] : [],
      providers: [HealthRegistry, RunstreamHealth],
      exports: [HealthRegistry, RunstreamHealth],
    };
  }
}

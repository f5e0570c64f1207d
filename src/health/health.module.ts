import { Global, Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { HealthRegistry } from './health-registry.js';

/**
 * `/health/live` and `/health/ready`. Global, so that a module can register its indicator wherever it is.
 *
 * @publicApi
 */
@Global()
@Module({ controllers: [HealthController], providers: [HealthRegistry], exports: [HealthRegistry] })
export class HealthModule {}

import { type DynamicModule, Module } from '@nestjs/common';
import { MetricsController } from './metrics.controller.js';
import { METRICS_OPTIONS, type MetricsOptions } from './metrics-options.js';
import { MetricsRegistry } from './metrics-registry.js';
import { MetricsServer } from './metrics-server.js';

/**
 * `GET /metrics`. Global, so that a module can add what it measures wherever it is.
 *
 * @publicApi
 */
@Module({})
export class MetricsModule {
  static forRoot(options: MetricsOptions = {}): DynamicModule {
    return {
      module: MetricsModule,
      global: true,
      controllers: options.port === undefined ? [MetricsController] : [],
      providers: [{ provide: METRICS_OPTIONS, useValue: options }, MetricsRegistry, MetricsServer],
      exports: [MetricsRegistry, MetricsServer],
    };
  }
}

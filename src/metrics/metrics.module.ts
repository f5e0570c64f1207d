import { type ConfigurableModuleAsyncOptions, type DynamicModule, Global, Module } from '@nestjs/common';
import { configurableModule } from '../config/index.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsDocument } from './metrics-document.js';
import { METRICS_OPTIONS, type MetricsOptions } from './metrics-options.js';
import { MetricsRegistry } from './metrics-registry.js';
import { MetricsServer } from './metrics-server.js';

const { ConfigurableModule, options } = configurableModule<MetricsOptions>('metrics', METRICS_OPTIONS);

/** What is known before the application is made. @publicApi */
export interface MetricsRoutes {
  /** Whether `GET /metrics` is a route of the application, unless metrics have a port of their own. Default true. */
  route?: boolean;
}

/**
 * What every part measures about itself, and `GET /metrics`. Global, so that a module can add what it measures wherever
 * it is.
 *
 * @publicApi
 */
@Global()
@Module({
  providers: [options, MetricsDocument, MetricsRegistry, MetricsServer],
  exports: [MetricsRegistry, MetricsServer],
})
export class MetricsModule extends ConfigurableModule {
  static override forRoot(options: MetricsOptions & MetricsRoutes = {}): DynamicModule {
    const { route = true, ...rest } = options;
    return withRoute(super.forRoot(rest), route && rest.port === undefined);
  }

  static override forRootAsync(
    options: ConfigurableModuleAsyncOptions<MetricsOptions> & MetricsRoutes,
  ): DynamicModule {
    const { route = true, ...rest } = options;
    return withRoute(super.forRootAsync(rest), route);
  }
}

function withRoute(module: DynamicModule, isServed: boolean): DynamicModule {
  return { ...module, controllers: isServed ? [MetricsController] : [] };
}

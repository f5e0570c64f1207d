import { type DynamicModule, Module } from '@nestjs/common';
import {
  AdaptersModule,
  type AdaptersOptions,
  ALL_ROUTES,
  RunstreamModule,
  type RunstreamOptions,
} from './index.js';
import { DashboardModule } from './dashboard/index.js';

/** The service: Runstream with all its routes, the page at `/`, and the adapters that are asked for. */
@Module({})
export class AppModule {
  static forRoot(options: RunstreamOptions, adapters: AdaptersOptions = {}): DynamicModule {
    const metrics = { processMetrics: true, ...options.metrics };
    return {
      module: AppModule,
      imports: [
        DashboardModule.forRoot(),
        RunstreamModule.forRoot({ ...options, metrics, routes: ALL_ROUTES }),
        AdaptersModule.forRoot(adapters),
      ],
    };
  }
}

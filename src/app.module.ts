import { type DynamicModule, Module } from '@nestjs/common';
import { AdaptersModule, adaptersByName } from './adapters/index.js';
import type { RunstreamConfig } from './config/index.js';
import { optionsFromConfig } from './options-from-config.js';
import { PageModule } from './page/index.js';
import { RunstreamModule } from './runstream.module.js';
import { ALL_ROUTES } from './runstream-options.js';

/** The service: Runstream with all its routes, the page at `/`, and the adapters that are asked for. */
@Module({})
export class AppModule {
  /** @param collect gives the metrics of all processes that share the port, if there are several */
  static forRoot(config: RunstreamConfig, redisUrl: string, collect?: () => Promise<string>): DynamicModule {
    const options = optionsFromConfig(config, redisUrl);
    const metrics = { ...options.metrics, processMetrics: true, ...(collect && { collect }) };
    return {
      module: AppModule,
      imports: [
        PageModule,
        RunstreamModule.forRoot({ ...options, metrics, routes: ALL_ROUTES }),
        AdaptersModule.forRoot(adaptersByName(config.adapters)),
      ],
    };
  }
}

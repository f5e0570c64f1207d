import { type DynamicModule, Module } from '@nestjs/common';
import type { RunstreamConfig } from './config/index.js';
import { PageModule } from './page/index.js';
import { drainTimeMs } from './stop-on-signal.js';
import { RunstreamModule } from './runstream.module.js';

/** The service: Runstream, and the page at `/`. */
@Module({})
export class AppModule {
  /** @param collect gives the metrics of all processes that share the port, if there are several */
  static forRoot(config: RunstreamConfig, redisUrl: string, collect?: () => Promise<string>): DynamicModule {
    const { events, sse, executors, http, admission } = config;
    const shutdownTimeoutMs = drainTimeMs(http.shutdownTimeoutMs);
    return {
      module: AppModule,
      imports: [
        PageModule,
        RunstreamModule.forRoot({
          redis: { ...config.redis, url: redisUrl },
          events: {
            ...events,
            heartbeatMs: sse.heartbeatMs,
            watcherPageBytes: sse.watcherBufferBytes,
          },
          runs: { retryMs: sse.retryMs, watcherBufferBytes: sse.watcherBufferBytes },
          executors: { ...executors, shutdownTimeoutMs },
          consumer: { shutdownTimeoutMs },
          metrics: {
            host: config.host,
            ...(http.metricsPort !== undefined && { port: http.metricsPort }),
            ...(collect && { collect }),
          },
          admission,
          auth: config.auth,
          tenancy: config.tenancy,
        }),
      ],
    };
  }
}

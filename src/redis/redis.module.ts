import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { BulkReads } from './bulk-reads.js';
import { RedisConnections } from './redis-connections.js';
import { RedisMetrics } from './redis-metrics.js';
import { RedisWatchdog } from './redis-watchdog.js';
import { REDIS_OPTIONS, type RedisOptions } from './redis-options.js';

export interface RedisAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  inject?: (string | symbol | (abstract new (...args: never[]) => unknown))[];
  useFactory: (...args: never[]) => RedisOptions | Promise<RedisOptions>;
}

/**
 * The process's connections to Redis, shared by all modules: import it once, at the root.
 *
 * @publicApi
 */
@Module({})
export class RedisModule {
  static forRoot(options: RedisOptions): DynamicModule {
    return RedisModule.forRootAsync({ useFactory: () => options });
  }

  static forRootAsync(options: RedisAsyncOptions): DynamicModule {
    return {
      module: RedisModule,
      global: true,
      imports: options.imports ?? [],
      providers: [
        { provide: REDIS_OPTIONS, inject: options.inject ?? [], useFactory: options.useFactory },
        RedisConnections,
        RedisWatchdog,
        RedisMetrics,
        BulkReads,
      ],
      exports: [BulkReads, RedisConnections, RedisWatchdog, RedisMetrics],
    };
  }
}

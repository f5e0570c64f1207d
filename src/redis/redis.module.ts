import { Global, Module } from '@nestjs/common';
import { configurableModule } from '../config/index.js';
import { BulkReads } from './bulk-reads.js';
import { RedisConnections } from './connections/redis-connections.js';
import { RedisMetrics } from './redis-metrics.js';
import { RedisWatchdog } from './connections/redis-watchdog.js';
import { REDIS_OPTIONS, type RedisOptions } from './redis-options.js';

const { ConfigurableModule, options } = configurableModule<RedisOptions>('redis', REDIS_OPTIONS);

/**
 * The process's connections to Redis, shared by all modules: import it once, at the root.
 *
 * @publicApi
 */
@Global()
@Module({
  providers: [options, RedisConnections, RedisWatchdog, RedisMetrics, BulkReads],
  exports: [BulkReads, RedisConnections, RedisWatchdog, RedisMetrics],
})
export class RedisModule extends ConfigurableModule {}

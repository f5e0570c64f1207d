import type { INestApplicationContext, Provider } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  ConsumerModule,
  type ConsumerOptions,
  ConsumerRunner,
  ConsumerTelemetry,
  type ConsumerSignal,
} from '../../src/consumer/index.js';
import { EventStore, EventStoreModule, RunStore } from '../../src/event-store/index.js';
import { LimitsModule } from '../../src/limits/index.js';
import { RedisConnections, RedisModule } from '../../src/redis/index.js';
import { TenancyModule, TENANCY_DEFAULTS } from '../../src/tenancy/index.js';
import { PATIENCE_MS, testRedisUrl } from './redis.js';
import { testLogger } from './test-logger.js';

/** One process's worth of consumers. */
export interface TestConsumers {
  app: INestApplicationContext;
  runner: ConsumerRunner;
  store: EventStore;
  runs: RunStore;
  redis: RedisConnections;
  signals: ConsumerSignal[];
  close(): Promise<void>;
}

export async function startConsumers(
  handlers: Provider[],
  options: {
    url?: string;
    commandTimeoutMs?: number;
    shutdownTimeoutMs?: number;
    consumer?: ConsumerOptions;
  } = {},
): Promise<TestConsumers> {
  const { url = testRedisUrl(), commandTimeoutMs = PATIENCE_MS } = options;
  const module = await Test.createTestingModule({
    imports: [
      RedisModule.forRoot({ url, commandTimeoutMs }),
      TenancyModule.forRoot({ ...TENANCY_DEFAULTS, enabled: true }),
      LimitsModule.forRoot({}),
      EventStoreModule.forRoot({ multiTenant: true }),
      ConsumerModule.forRoot({ shutdownTimeoutMs: options.shutdownTimeoutMs ?? 5000, ...options.consumer }),
    ],
    providers: handlers,
  })
    .setLogger(testLogger)
    .compile();
  const signals: ConsumerSignal[] = [];
  module.get(ConsumerTelemetry).signals.subscribe((signal) => signals.push(signal));
  const app = await module.init().catch(async (error: unknown) => {
    await module.close();
    throw error;
  });
  return {
    app,
    runner: app.get(ConsumerRunner),
    store: app.get(EventStore),
    runs: app.get(RunStore),
    redis: app.get(RedisConnections),
    signals,
    close: () => app.close(),
  };
}

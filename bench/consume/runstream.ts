import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ConsumerModule,
  ConsumerTelemetry,
  EventHandler,
  EventStoreModule,
  type Handler,
  RedisModule,
  TENANCY_DEFAULTS,
  TenancyModule,
} from '../../src/internal.js';
import type { Clock, Drain } from './protocol.js';

const CONCURRENCY = 100;
let clockOfNow: Clock | undefined;

const OPTIONS = { types: ['log.stdout'], from: 'start', concurrency: CONCURRENCY } as const;

@EventHandler({ ...OPTIONS, group: 'bench' })
class Noop implements Handler {
  async handle(): Promise<void> {
    clockOfNow?.start();
  }
}

@EventHandler({ ...OPTIONS, group: 'bench-ordered', ordering: 'run' })
class InOrder extends Noop {}

@Module({})
class BenchModule {}

export const runstream = (url: string): Drain => drainWith(Noop, url);
export const runstreamOrdered = (url: string): Drain => drainWith(InOrder, url);

const drainWith =
  (Handling: Type<Handler>, url: string): Drain =>
  async ({ name, events }, clock) => {
    clockOfNow = clock;
    const app = await NestFactory.createApplicationContext(
      {
        module: BenchModule,
        imports: [
          RedisModule.forRoot({ url }),
          TenancyModule.forRoot({ ...TENANCY_DEFAULTS, enabled: true }),
          EventStoreModule.forRoot({ multiTenant: true }),
          ConsumerModule.forRoot({ tenants: [name] }),
        ],
        providers: [Handling],
      },
      { logger: ['error', 'warn'] },
    );
    let settled = 0;
    await new Promise<void>((resolve) => {
      app.get(ConsumerTelemetry).signals.subscribe((signal) => {
        if (signal.kind !== 'settled') return;
        if (signal.outcome !== 'succeeded') throw new Error(`An event was ${signal.outcome}.`);
        settled++;
        if (settled < events) return;
        clock.stop();
        resolve();
      });
    });
    await app.close();
  };

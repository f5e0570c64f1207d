/**
 * A consuming process: `consumer.ts <Redis URL> <groups, separated by commas> <ms that a handler takes> <options of the
 * handlers, JSON>`. It tells what it has handled since it was asked last, and how long that took from the append on.
 */
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ConsumerModule,
  ConsumerRunner,
  EventHandler,
  EventStoreModule,
  type Handler,
  type HandlerContext,
  type HandlerOptions,
  HandlerResult,
  type RecordedEvent,
  RedisModule,
  TENANCY_DEFAULTS,
  TenancyModule,
} from '../../src/internal.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { Latencies } from '../support/latencies.js';
import { answerJobs } from '../support/load-process.js';
import type { Consumed } from './protocol.js';

const [url = '', groups = '', workMs = '0', options = '{}'] = process.argv.slice(2);

const given = JSON.parse(options) as Partial<HandlerOptions>;
let handled = 0;
let latencies = new Latencies();
let since = process.cpuUsage();
let sinceMs = performance.now();
let visited = { visits: 0, empty: 0 };

function handlerOf(group: string): Type<Handler> {
  @EventHandler({
    group,
    types: ['log.stdout'],
    from: 'start',
    backoff: { initialMs: 20, maxMs: 20 },
    ...given,
  })
  class CountingHandler implements Handler {
    async handle({ data }: RecordedEvent, { attempt }: HandlerContext): Promise<HandlerResult | void> {
      if (data['failsOnce'] === true && attempt === 1) return HandlerResult.retry();
      handled++;
      if (typeof data['sentAt'] === 'number') latencies.add(Date.now() - data['sentAt']);
      if (typeof data['sleepMs'] === 'number') await sleep(data['sleepMs']);
      if (workMs !== '0') await sleep(Number(workMs));
    }
  }
  return CountingHandler;
}

@Module({})
class BenchModule {}

const app = await NestFactory.createApplicationContext(
  {
    module: BenchModule,
    imports: [
      RedisModule.forRoot({ url }),
      TenancyModule.forRoot({ ...TENANCY_DEFAULTS, enabled: true }),
      EventStoreModule.forRoot({ multiTenant: true }),
      ConsumerModule.forRoot(),
    ],
    providers: groups.split(',').map(handlerOf),
  },
  { logger: ['error', 'warn'] },
);

await answerJobs<null, Consumed>(() => {
  const now = { visits: 0, empty: 0 };
  for (const { finder } of app.get(ConsumerRunner).running) {
    now.visits += finder.counts.visits;
    now.empty += finder.counts.empty;
  }
  const { user, system } = process.cpuUsage(since);
  const seconds = (performance.now() - sinceMs) / 1000;
  const answer: Consumed = {
    handled,
    cpuPercent: (user + system) / 10_000 / seconds,
    visits: now.visits - visited.visits,
    empty: now.empty - visited.empty,
    rssMiB: process.memoryUsage().rss / 2 ** 20,
    latencies: latencies.count > 0 ? latencies.summary() : undefined,
  };
  handled = 0;
  latencies = new Latencies();
  since = process.cpuUsage();
  sinceMs = performance.now();
  visited = now;
  return Promise.resolve(answer);
});

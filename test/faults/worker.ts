import 'reflect-metadata';
import { ConsoleLogger, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { setTimeout as delay } from 'node:timers/promises';
import {
  ConsumerModule,
  EventHandler,
  type Handler,
  type HandlerContext,
  type HandlerOptions,
  HandlerResult,
} from '../../src/consumer/index.js';
import { EventStoreModule } from '../../src/event-store/index.js';
import type { RecordedEvent } from '../../src/events/index.js';
import { RedisModule } from '../../src/redis/index.js';
import { TENANCY_DEFAULTS, TenancyModule } from '../../src/tenancy/index.js';
import { HistoryWriter } from './history-file.js';
import {
  effectOf,
  ORDERED_GROUP,
  REFUSED_EVERY,
  SHARED_GROUP,
  type Task,
  type WorkerConfig,
} from './workload.js';

/**
 * One consumer process of the fault tests. Its configuration is its argument, as JSON; it ends on SIGTERM, or as the
 * schedule wants it to.
 */
const config = JSON.parse(process.argv[2] ?? '') as WorkerConfig;
/** A task takes its time so often, and then none. */
const MOST_LONG_ATTEMPTS = 4;
const history = new HistoryWriter(config.historyFile, config.name);
const { tenancy = true } = config;
const isFirst = config.version === 1;
const common = {
  types: config.version === 2 ? ['log.stdout', 'log.stderr'] : ['log.stdout'],
  ...(config.version !== undefined && { version: config.version }),
  from: 'start',
  batchSize: 50,
  concurrency: config.concurrency ?? 50,
  leaseMs: config.leaseMs,
  maxAttempts: config.maxAttempts,
  backoff: { initialMs: 50, maxMs: 500 },
} satisfies Partial<HandlerOptions>;

abstract class Recording implements Handler {
  async handle(event: RecordedEvent, context: HandlerContext): Promise<HandlerResult> {
    if (config.mode === 'nothing') return HandlerResult.success();
    const { group, fencingToken: token, attempt, signal } = context;
    const eventId = `${event.run_id}/${event.id}`;
    const task = event.data as unknown as Task;
    history.began(group, eventId, token, attempt);
    if (config.mode === 'hang') await new Promise(() => undefined);
    if (task.poisons === group) process.kill(process.pid, 'SIGKILL');
    const result = await this.work(task, attempt, signal);
    const effect = effectOf(event, group, token, config.effectRuns);
    context.publish(effect.runId, effect.event);
    history.ended(group, eventId, token);
    return result;
  }

  private async work(
    { takesMs, failures }: Task,
    attempt: number,
    signal: AbortSignal,
  ): Promise<HandlerResult> {
    // Else the schedule itself would, once in twenty seeds, kill one and the same event until it is given up.
    const ms = attempt <= MOST_LONG_ATTEMPTS ? takesMs : 0;
    if (ms > 0) await delay(ms, undefined, { signal }).catch(() => undefined);
    return attempt <= failures
      ? HandlerResult.retry({ reason: 'as the task says' })
      : HandlerResult.success();
  }
}

@EventHandler({ ...common, group: SHARED_GROUP })
@Injectable()
class Shared extends Recording {
  canHandle({ data }: RecordedEvent): boolean {
    return !isFirst || Number(data['n']) % REFUSED_EVERY !== 0;
  }
}

@EventHandler({ ...common, group: ORDERED_GROUP, ordering: 'run' })
@Injectable()
class Ordered extends Recording {}

@Module({
  imports: [
    RedisModule.forRoot({ ...config.redis, commandTimeoutMs: 1000 }),
    TenancyModule.forRoot({ ...TENANCY_DEFAULTS, enabled: tenancy }),
    EventStoreModule.forRoot({ multiTenant: tenancy }),
    ConsumerModule.forRoot({ shutdownTimeoutMs: 5000 }),
  ],
  providers: config.mode === 'nothing' ? [Shared] : [Shared, Ordered],
})
class WorkerModule {}

const app = await NestFactory.createApplicationContext(WorkerModule, {
  logger: new ConsoleLogger({ logLevels: ['warn', 'error', 'fatal'], colors: false }),
});
app.enableShutdownHooks();
const watch = history.watchStalls(config.leaseMs / 3);
process.once('beforeExit', () => {
  clearInterval(watch);
});
process.stdout.write('ready\n');

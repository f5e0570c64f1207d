import 'reflect-metadata';
import { ConsoleLogger, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { randomBytes } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import {
  ALL_ROUTES,
  configureRunstream,
  EventHandler,
  type Executor,
  type Handler,
  type HandlerContext,
  HandlerResult,
  type RecordedEvent,
  RunExecutor,
  type RunExecution,
  RunstreamModule,
} from '../../../src/internal.js';
import { stopOnSignal } from '../../../src/stop-on-signal.js';
import {
  type AppConfig,
  END_RUN,
  EXECUTOR,
  GROUPS,
  type InsideAck,
  NUMBERED,
  type NumberedData,
  STOP_EMITTING,
} from './app-config.js';

/**
 * An instance of the service under test: an application on the public entry, with three handlers and an executor.
 * It ends on SIGTERM as the service does.
 */
const config = JSON.parse(process.argv[2] ?? '') as AppConfig;
const { leaseMs, heartbeatMs, retryMs, commandTimeoutMs } = config;
const acks = openSync(config.ackFile, 'a');

const SHUTDOWN_MS = 10_000;
/** More than any run of the kit has: nothing is to be trimmed. */
const MAX_EVENTS = 1_000_000;
/** Events that may wait for their acknowledgement before the executor waits for them. */
const MAX_WAITING = 500;

const common = { types: [NUMBERED], from: 'start', leaseMs, maxAttempts: 10 } as const;
const backoff = { initialMs: 100, maxMs: 1000 };
const [SHARED, ORDERED, KEYED] = GROUPS;

abstract class Publishing implements Handler {
  handle(event: RecordedEvent, context: HandlerContext): HandlerResult {
    context.publish(event.run_id, {
      type: 'task.completed',
      data: { group: context.group, for: event.id },
      ...this.key(context),
    });
    const { n } = event.data as unknown as NumberedData;
    return context.attempt === 1 && n % 50 === 0 ? HandlerResult.retry() : HandlerResult.success();
  }

  protected key(_context: HandlerContext): { idempotency_key?: string } {
    return {};
  }
}

@EventHandler({ ...common, backoff, group: SHARED.name })
@Injectable()
class Shared extends Publishing {}

@EventHandler({ ...common, backoff, group: ORDERED.name, ordering: 'run' })
@Injectable()
class Ordered extends Publishing {}

@EventHandler({ ...common, backoff, group: KEYED.name })
@Injectable()
class Keyed extends Publishing {
  protected override key({ idempotencyKey }: HandlerContext): { idempotency_key: string } {
    return { idempotency_key: `keyed:${idempotencyKey}` };
  }
}

/** Emits numbered events at an even pace, whether or not those before are stored, until it is told to stop. */
@RunExecutor(EXECUTOR, { concurrency: 1000, onCrash: 'restart', leaseMs })
@Injectable()
class Steady implements Executor {
  async execute(run: RunExecution): Promise<unknown> {
    const by = `inside-${run.attempt}-${randomBytes(4).toString('hex')}`;
    const told = { stop: false };
    const stop = run.waitFor(STOP_EMITTING).then(() => {
      told.stop = true;
    });
    const end = run.waitFor(END_RUN);
    for (const one of [stop, end]) one.catch(() => undefined); // the signal says so too
    const waiting = new Set<Promise<void>>();
    let n = 0;
    while (!told.stop && !run.signal.aborted) {
      const emitted = this.emit(run, by, ++n).finally(() => waiting.delete(emitted));
      waiting.add(emitted);
      const [oldest] = waiting;
      if (waiting.size >= MAX_WAITING) await oldest;
      await delay(Number(run.input['interval_ms']));
    }
    await Promise.all(waiting);
    await end;
    return { by, n };
  }

  private async emit(run: RunExecution, by: string, n: number): Promise<void> {
    const data: NumberedData = { by, n, text: String(run.input['text']) };
    const id = await run.emitUntyped(NUMBERED, data).catch(() => undefined);
    if (id === undefined) return;
    const ack: InsideAck = { runId: run.id, id, by, n, at: Date.now() };
    writeSync(acks, `${JSON.stringify(ack)}\n`);
  }
}

@Module({
  imports: [
    RunstreamModule.forRoot({
      routes: ALL_ROUTES,
      redis: { ...config.redis, ...(commandTimeoutMs !== undefined && { commandTimeoutMs }) },
      events: { maxLength: MAX_EVENTS, ...(heartbeatMs !== undefined && { heartbeatMs }) },
      runs: { ...(retryMs !== undefined && { retryMs }) },
      executors: { shutdownTimeoutMs: SHUTDOWN_MS },
      consumer: { shutdownTimeoutMs: SHUTDOWN_MS },
    }),
  ],
  providers: [Shared, Ordered, Keyed, Steady],
})
class FixtureModule {}

const app = await NestFactory.create<NestExpressApplication>(FixtureModule, {
  bodyParser: false,
  logger: new ConsoleLogger({ logLevels: ['warn', 'error', 'fatal'], colors: false }),
});
configureRunstream(app, { maxRequestBytes: 8 * 1024 * 1024, corsOrigins: 'localhost' });
stopOnSignal(SHUTDOWN_MS, async () => {
  const cutting = setTimeout(() => app.getHttpServer().closeAllConnections(), SHUTDOWN_MS);
  await app.close();
  clearTimeout(cutting);
});
// A kit that was killed leaves no instance behind.
process.stdin.resume().once('end', () => process.exit(1));
await app.listen(config.port, '127.0.0.1');
process.stdout.write('ready\n');

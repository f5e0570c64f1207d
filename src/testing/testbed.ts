import { type Abstract, type INestApplicationContext, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { randomBytes } from 'node:crypto';
import { ConsumerModule, type ConsumerOptions } from '../consumer/index.js';
import { EventStore, EventStoreModule, type RunRecord, RunStore } from '../event-store/index.js';
import {
  type EventToAppend,
  parseEventId,
  type RecordedEvent,
  toEventInput,
  type UntypedEvent,
} from '../events/index.js';
import { RedisConnections, RedisModule } from '../redis/index.js';
import { type ExecutorsOptions } from '../executors/index.js';
import { RunsFromCodeModule } from '../runs/index.js';
import { TENANCY_DEFAULTS, TenancyModule } from '../tenancy/index.js';
import { removeTenant } from './remove-tenant.js';
import { startTestRedis } from './test-redis.js';
import type { TestbedOptions } from './testbed-options.js';

export const POLL_MS = 10;
/** A machine that tests are run on may be busy, and that is no outage. */
const COMMAND_TIMEOUT_MS = 15_000;
const SHUTDOWN_TIMEOUT_MS = 5000;

@Module({})
class TestbedModule {}

/** What runs in a testbed. */
export interface Parts {
  consumer: ConsumerOptions;
  executors: ExecutorsOptions;
}

/**
 * A part of an application at work on a real Redis, in this process. Each testbed is a tenant of its own.
 *
 * @publicApi
 */
export abstract class Testbed {
  /** Unlike that of any other testbed. */
  readonly tenantId = `test-${randomBytes(6).toString('hex')}`;
  private app!: INestApplicationContext;
  private parts!: Parts;
  private redisUrl = '';
  private stopRedis: () => Promise<void> = () => Promise.resolve();

  protected constructor(private readonly options: TestbedOptions) {}

  protected abstract partsOf(tenantId: string): Parts;
  /** Resolves when what the test does is met by everything that is to run. */
  protected abstract begun(): Promise<void>;

  /** @internal */
  protected async open(): Promise<this> {
    const { redisUrl } = this.options;
    const redis = redisUrl === undefined ? await startTestRedis() : undefined;
    this.redisUrl = redis?.url ?? redisUrl ?? '';
    if (redis) this.stopRedis = () => redis.stop();
    try {
      await this.boot();
      return this;
    } catch (error) {
      await this.stopRedis();
      throw error;
    }
  }

  /** Appends events to a run, as a producer does. Returns their ids. */
  publish(runId: string, ...events: EventToAppend[]): Promise<string[]> {
    return this.publishUntyped(runId, ...events);
  }

  /** The same for types that are known only when the test runs. They must be registered all the same. */
  async publishUntyped(runId: string, ...events: UntypedEvent[]): Promise<string[]> {
    const inputs = events.map(toEventInput);
    return (await this.get(EventStore).append(this.tenantId, runId, inputs)).ids;
  }

  /** The log of a run. */
  async events(runId: string): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for (;;) {
      const last = events.at(-1);
      const after = last && { after: parseEventId(last.id) };
      const page = await this.get(EventStore).read(this.tenantId, runId, { ...after, limit: 1000 });
      if (page.events.length === 0) return events;
      for (const { json } of page.events) events.push(JSON.parse(json.toString()) as RecordedEvent);
    }
  }

  /** All runs of the testbed, those that its own code started included, newest first. */
  async runs(): Promise<RunRecord[]> {
    return (await this.get(RunStore).list(this.tenantId, {}, 1000)).runs;
  }

  /** A provider of what runs now; after a restart it is another one. */
  get<T>(token: Type<T> | Abstract<T> | string | symbol): T {
    return this.app.get<T>(token, { strict: false });
  }

  /** Kills what runs as a crash would, and starts it again: nothing is recorded and nothing is handed back. */
  protected async crash(): Promise<void> {
    this.parts.consumer.shutdownTimeoutMs = 0;
    this.parts.executors.shutdownTimeoutMs = 0;
    // A process that is dead says nothing either.
    this.app.useLogger(false);
    // From here on nothing that it does reaches Redis.
    this.get(RedisConnections).onApplicationShutdown();
    await this.app.close();
    await this.boot();
  }

  /** Ends it in order, and removes what it had stored. */
  async close(): Promise<void> {
    const { prefix } = this.get(EventStore).keys.partition(this.tenantId, 0);
    try {
      await this.app.close();
      // Afterwards, since a consumer makes its group again where it is missing.
      if (this.options.redisUrl !== undefined) await removeTenant(this.redisUrl, prefix, this.tenantId);
    } finally {
      await this.stopRedis();
    }
  }

  private async boot(): Promise<void> {
    const { imports = [], providers = [], events, logger = ['warn', 'error', 'fatal'] } = this.options;
    const { consumer, executors } = this.partsOf(this.tenantId);
    // They are read when it stops, and a crash takes less time.
    this.parts = {
      consumer: { tenants: [this.tenantId], shutdownTimeoutMs: SHUTDOWN_TIMEOUT_MS, ...consumer },
      executors: { shutdownTimeoutMs: SHUTDOWN_TIMEOUT_MS, ...executors },
    };
    this.app = await NestFactory.createApplicationContext(
      {
        module: TestbedModule,
        imports: [
          RedisModule.forRoot({ url: this.redisUrl, commandTimeoutMs: COMMAND_TIMEOUT_MS }),
          TenancyModule.forRoot({ ...TENANCY_DEFAULTS, enabled: true }),
          EventStoreModule.forRoot({ ...events, multiTenant: true }),
          ConsumerModule.forRoot(this.parts.consumer),
          RunsFromCodeModule.forRoot(this.parts.executors),
          ...imports,
        ],
        providers,
      },
      { logger, abortOnError: false },
    );
    await this.begun();
  }
}

import { type Abstract, type INestApplicationContext, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { randomBytes } from 'node:crypto';
import { delay } from '../common/index.js';
import {
  ConsumerModule,
  type ConsumerOptions,
  ConsumerRunner,
  ConsumerTelemetry,
  type DeadLetter,
  DeadLetters,
  type StartRun,
} from '../consumer/index.js';
import { EventStore, EventStoreModule, EXTERNAL, type RunRecord, RunStore } from '../event-store/index.js';
import {
  type EventToAppend,
  parseEventId,
  readRunContext,
  type RecordedEvent,
  toEventInput,
  type UntypedEvent,
} from '../events/index.js';
import { RedisConnections, RedisModule } from '../redis/index.js';
import { TENANCY_DEFAULTS, TenancyModule } from '../tenancy/index.js';
import { removeTenant } from './remove-tenant.js';
import { type HandledEvent, ResultRecorder } from './result-recorder.js';
import { type Unsettled, unsettledGroups } from './settlement.js';
import { startTestRedis } from './test-redis.js';
import type { ConsumerTestbedOptions } from './testbed-options.js';

const POLL_MS = 10;
const READY_TIMEOUT_MS = 10_000;
const SETTLED_TIMEOUT_MS = 10_000;
const SHUTDOWN_TIMEOUT_MS = 5000;
const DEFAULT_OVERRIDES: ConsumerTestbedOptions['overrides'] = {
  leaseMs: 500,
  backoff: { initialMs: 10, maxMs: 50 },
};

@Module({})
class TestbedModule {}

/**
 * Handlers at work on a real Redis, in this process: publish events, wait until all is settled, look at what became of
 * them. Each testbed is a tenant of its own.
 *
 * @publicApi
 */
export class ConsumerTestbed {
  /** Unlike that of any other testbed. */
  readonly tenantId = `test-${randomBytes(6).toString('hex')}`;
  private readonly recorder = new ResultRecorder();
  private app!: INestApplicationContext;
  private consumerOptions!: ConsumerOptions;

  private constructor(
    private readonly options: ConsumerTestbedOptions,
    private readonly redisUrl: string,
    private readonly stopRedis: () => Promise<void>,
  ) {}

  /** @internal */
  static async create(options: ConsumerTestbedOptions): Promise<ConsumerTestbed> {
    const redis = options.redisUrl === undefined ? await startTestRedis() : undefined;
    const testbed = new ConsumerTestbed(
      options,
      redis?.url ?? options.redisUrl ?? '',
      redis ? () => redis.stop() : () => Promise.resolve(),
    );
    try {
      await testbed.start();
      return testbed;
    } catch (error) {
      await redis?.stop();
      throw error;
    }
  }

  /** Creates a run, to publish events to. Its first event is `lifecycle.started`. Returns its id. */
  async createRun(run: Partial<StartRun> = {}): Promise<string> {
    const { executor = EXTERNAL, task = 'a test', input = {}, labels = {} } = run;
    const context = readRunContext(run.context);
    const created = await this.get(RunStore).create(this.tenantId, {
      executor,
      task,
      input,
      labels,
      context,
    });
    return created.run.id;
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

  /**
   * Resolves when no group has anything left to do: every event has an outcome, nothing waits for another try, and what
   * handlers published has been handled too.
   *
   * @throws Error that names the groups which are not, after `timeoutMs` (default 10 000)
   */
  async settled({ timeoutMs = SETTLED_TIMEOUT_MS }: { timeoutMs?: number } = {}): Promise<void> {
    const left = await this.poll(timeoutMs);
    if (left.length === 0 && this.recorder.isIdle) return;
    const groups = left.map(
      ({ group, pending, isBehind }) =>
        `${group} (${pending} without an outcome${isBehind ? ', more to come' : ''}${this.lastErrorOf(group)})`,
    );
    throw new Error(`Not settled within ${timeoutMs} ms: ${groups.join(', ') || 'handlers still run'}.`);
  }

  /** What handlers were given, and what came of it, in the order of their calls; of one group, or of all. */
  results(group?: string): HandledEvent[] {
    return this.recorder.results(group);
  }

  /** What was given up, newest first; by one group, or by all. */
  async deadLetters(group?: string): Promise<DeadLetter[]> {
    return (await this.get(DeadLetters).list(this.tenantId, { group }, 1000)).letters;
  }

  /** Sends a dead letter back to its group. */
  async redrive(deadLetterId: string): Promise<void> {
    await this.get(DeadLetters).redrive(this.tenantId, deadLetterId);
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

  /** All runs of the testbed, those that handlers started included, newest first. */
  async runs(): Promise<RunRecord[]> {
    return (await this.get(RunStore).list(this.tenantId, {}, 1000)).runs;
  }

  /** A provider of the consumer that runs now; after a restart it is another one. */
  get<T>(token: Type<T> | Abstract<T> | string | symbol): T {
    return this.app.get<T>(token, { strict: false });
  }

  /**
   * Kills the consumer as a crash would, and starts another one: no outcome is recorded and nothing is handed back, so
   * that what was running is found when its lease is over. A handler that runs can't be killed within a process: its
   * signal aborts, and whatever it still does is not recorded.
   */
  async restart(): Promise<void> {
    this.recorder.crash();
    this.consumerOptions.shutdownTimeoutMs = 0;
    // From here on nothing that it does reaches Redis.
    this.get(RedisConnections).onApplicationShutdown();
    await this.app.close();
    await this.start();
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

  private async start(): Promise<void> {
    const {
      imports = [],
      providers = [],
      events,
      overrides,
      logger = ['warn', 'error', 'fatal'],
    } = this.options;
    this.consumerOptions = {
      tenants: [this.tenantId],
      overrides: { ...DEFAULT_OVERRIDES, ...overrides },
      shutdownTimeoutMs: SHUTDOWN_TIMEOUT_MS,
    };
    this.app = await NestFactory.createApplicationContext(
      {
        module: TestbedModule,
        imports: [
          RedisModule.forRoot({ url: this.redisUrl }),
          TenancyModule.forRoot({ ...TENANCY_DEFAULTS, enabled: true }),
          EventStoreModule.forRoot({ ...events, multiTenant: true }),
          ConsumerModule.forRoot(this.consumerOptions),
          ...imports,
        ],
        providers,
      },
      { logger, abortOnError: false },
    );
    this.get(ConsumerTelemetry).signals.subscribe(this.recorder.record);
    // What is published before a group is there would be missed by one that begins now.
    await this.poll(READY_TIMEOUT_MS, ({ exists }) => !exists);
  }

  /** Waits until nothing is left that counts; returns what is, when the time is up. */
  private async poll(
    timeoutMs: number,
    counts: (one: Unsettled) => boolean = () => true,
  ): Promise<Unsettled[]> {
    const groups = this.get(ConsumerRunner).registered.map(({ options }) => options.group);
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const all = await unsettledGroups(
        this.get(RedisConnections),
        this.get(EventStore),
        this.tenantId,
        groups,
      );
      const left = all.filter(counts);
      if ((left.length === 0 && this.recorder.isIdle) || performance.now() > deadline) return left;
      await delay(POLL_MS);
    }
  }

  private lastErrorOf(group: string): string {
    const failed = this.recorder.results(group).findLast(({ error }) => error !== '');
    return failed ? `; the last try failed: ${failed.error}` : '';
  }
}

/**
 * Starts handlers on a real Redis, in a tenant of their own.
 *
 * ```ts
 * const testbed = await createConsumerTestbed({ imports: [BillingModule], redisUrl });
 * const run = await testbed.createRun();
 * await testbed.publish(run, { type: 'lifecycle.completed', data: { result: 42 } });
 * await testbed.settled();
 * expect(testbed.results('billing')).toMatchObject([{ outcome: 'succeeded' }]);
 * await testbed.close();
 * ```
 *
 * @publicApi
 */
export function createConsumerTestbed(options: ConsumerTestbedOptions = {}): Promise<ConsumerTestbed> {
  return ConsumerTestbed.create(options);
}

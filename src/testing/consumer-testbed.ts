import { delay } from '../common/index.js';
import {
  ConsumerRunner,
  ConsumerTelemetry,
  type DeadLetter,
  DeadLetters,
  type StartRun,
} from '../consumer/index.js';
import { EventStore, EXTERNAL, RunStore } from '../event-store/index.js';
import { readRunContext } from '../events/index.js';
import { RedisConnections } from '../redis/index.js';
import { type HandledEvent, ResultRecorder } from './result-recorder.js';
import { type Unsettled, unsettledGroups } from './settlement.js';
import { type Parts, POLL_MS, Testbed } from './testbed.js';
import { type ConsumerTestbedOptions, HANDLER_OVERRIDES } from './testbed-options.js';

const READY_TIMEOUT_MS = 10_000;
const SETTLED_TIMEOUT_MS = 10_000;

/**
 * Handlers at work on a real Redis, in this process: publish events, wait until all is settled, look at what became of
 * them. Each testbed is a tenant of its own.
 *
 * @publicApi
 */
export class ConsumerTestbed extends Testbed {
  private readonly recorder = new ResultRecorder();
  private readonly overrides: ConsumerTestbedOptions['overrides'];

  private constructor(options: ConsumerTestbedOptions) {
    super(options);
    this.overrides = options.overrides;
  }

  /** @internal */
  static create(options: ConsumerTestbedOptions): Promise<ConsumerTestbed> {
    return new ConsumerTestbed(options).open();
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

  /**
   * Kills the consumer as a crash would, and starts another one: no outcome is recorded and nothing is handed back, so
   * that what was running is found when its lease is over. A handler that runs can't be killed within a process: its
   * signal aborts, and whatever it still does is not recorded.
   */
  async restart(): Promise<void> {
    this.recorder.crash();
    await this.crash();
  }

  protected override partsOf(): Parts {
    return {
      consumer: { overrides: { ...HANDLER_OVERRIDES, ...this.overrides } },
      executors: { enabled: false },
    };
  }

  protected override async begun(): Promise<void> {
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

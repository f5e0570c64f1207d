import { delay } from '../common/index.js';
import { EventStore, type RunRecord, RunStore } from '../event-store/index.js';
import {
  isEvent,
  isTerminal,
  type KnownFilter,
  type RecordedEvent,
  toEventInput,
  type TypesOf,
  type UntypedEvent,
} from '../events/index.js';
import { type RunOperations, Runstream, type RunToStart } from '../runs/index.js';
import { type Parts, POLL_MS, Testbed } from './testbed.js';
import { EXECUTOR_OVERRIDES, type ExecutorTestbedOptions, HANDLER_OVERRIDES } from './testbed-options.js';

const TIMEOUT_MS = 10_000;

/** How long a test waits. @publicApi */
export interface TestWait {
  /** Milliseconds, after which it fails and says how things stand. Default 10 000. */
  timeoutMs?: number;
}

/**
 * Executors at work on a real Redis, in this process: start runs, append what they wait for, and look at what became of
 * them. Each testbed is a tenant of its own.
 *
 * @publicApi
 */
export class ExecutorTestbed extends Testbed {
  private readonly overrides: ExecutorTestbedOptions['overrides'];
  private readonly handlers: boolean;

  private constructor(options: ExecutorTestbedOptions) {
    super(options);
    this.overrides = options.overrides;
    this.handlers = options.handlers ?? false;
  }

  /** @internal */
  static create(options: ExecutorTestbedOptions): Promise<ExecutorTestbed> {
    return new ExecutorTestbed(options).open();
  }

  /**
   * Starts a run, with the checks of `POST /runs`. Returns its id.
   *
   * @param run `task` has a default
   * @throws ValidationFailedError for input that the executor refuses; RunstreamError `UNKNOWN_EXECUTOR`
   */
  async start(run: Partial<RunToStart> & { executor: string }): Promise<string> {
    return (await this.operations.start({ task: 'a test', ...run })).id;
  }

  /**
   * The run when it has ended, with `status`, `result` and `error`.
   *
   * @throws Error that says how the run stands, after `timeoutMs`
   */
  async outcome(runId: string, { timeoutMs = TIMEOUT_MS }: TestWait = {}): Promise<RunRecord> {
    const run = await this.until(timeoutMs, async () => {
      const found = await this.get(RunStore).get(this.tenantId, runId);
      return isTerminal(found.status) ? found : undefined;
    });
    return run ?? this.fail(runId, `has not ended within ${timeoutMs} ms`);
  }

  /** Starts a run, and gives it back when it has ended. */
  async execute(run: Partial<RunToStart> & { executor: string }, wait?: TestWait): Promise<RunRecord> {
    return this.outcome(await this.start(run), wait);
  }

  /**
   * The first event of the run that passes the filter, as soon as there is one: an executor has come so far.
   *
   * @param filter as `gate.requested`, `gate.*` or `gate.requested,system.warning`
   * @throws Error that says how the run stands, after `timeoutMs`
   */
  async reached<const Filter extends string>(
    runId: string,
    filter: Filter & KnownFilter<Filter>,
    { timeoutMs = TIMEOUT_MS }: TestWait = {},
  ): Promise<RecordedEvent<TypesOf<Filter>>> {
    const event = await this.until(timeoutMs, async () =>
      (await this.events(runId)).find((one) => isEvent(one, filter as string)),
    );
    return (event ?? (await this.fail(runId, `has no ${filter} after ${timeoutMs} ms`))) as RecordedEvent<
      TypesOf<Filter>
    >;
  }

  /** Appends events from outside, as a client does: what an executor waits for. Returns their ids. */
  override async publishUntyped(runId: string, ...events: UntypedEvent[]): Promise<string[]> {
    const inputs = events.map(toEventInput);
    const options = { fromOutside: true };
    return (await this.get(EventStore).append(this.tenantId, runId, inputs, options)).ids;
  }

  /** Cancels a run, as a client does: its executor's signal aborts. */
  async cancel(runId: string, reason?: string): Promise<void> {
    await this.operations.cancel(runId, reason);
  }

  /**
   * Kills the process as a crash would, and starts another one, with new instances of all providers: a run that was
   * being executed is found when its lease is over, and `onCrash` says what becomes of it. An executor that runs can't
   * be killed within a process: its signal aborts, and whatever it still does is not stored.
   */
  restart(): Promise<void> {
    return this.crash();
  }

  protected override partsOf(): Parts {
    return {
      consumer: { enabled: this.handlers, overrides: HANDLER_OVERRIDES },
      executors: { overrides: { ...EXECUTOR_OVERRIDES, ...this.overrides } },
    };
  }

  protected override async begun(): Promise<void> {
    // A run that is started before its executor is ready waits for it.
  }

  private get operations(): RunOperations {
    return this.get(Runstream).for(this.tenantId);
  }

  private async until<T>(timeoutMs: number, look: () => Promise<T | undefined>): Promise<T | undefined> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = await look();
      if (found !== undefined || performance.now() > deadline) return found;
      await delay(POLL_MS);
    }
  }

  private async fail(runId: string, what: string): Promise<never> {
    const { executor, status, attempt, error } = await this.get(RunStore).get(this.tenantId, runId);
    const types = (await this.events(runId)).map(({ event }) => `${event.category}.${event.action}`);
    const ended = error == null ? '' : `, with the error ${JSON.stringify(error)}`;
    throw new Error(
      `The run of "${executor}" ${what}: it is ${status}${ended}, in attempt ${attempt}, and its events are ` +
        `${types.join(', ') || 'none'}.`,
    );
  }
}

/**
 * Starts executors on a real Redis, in a tenant of their own.
 *
 * ```ts
 * const testbed = await createExecutorTestbed({ imports: [DeployModule], redisUrl });
 * const run = await testbed.start({ executor: 'deploy', input: { service: 'shop' } });
 * await testbed.publish(run, { type: 'gate.approved', data: { by: 'Ada' } });
 * expect(await testbed.outcome(run)).toMatchObject({ status: 'completed' });
 * await testbed.close();
 * ```
 *
 * @publicApi
 */
export function createExecutorTestbed(options: ExecutorTestbedOptions = {}): Promise<ExecutorTestbed> {
  return ExecutorTestbed.create(options);
}

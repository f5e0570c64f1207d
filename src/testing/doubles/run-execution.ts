import { type LongTimeout, setLongTimeout } from '../../common/index.js';
import {
  type EmitArguments,
  type EmitOptions,
  type EventToAppend,
  type EventType,
  isEvent,
  type JsonObject,
  type JsonObjectInput,
  type Plain,
  prepareRun,
  readRunContext,
  type RecordedEvent,
  type RunContext,
  type RunInput,
  type TypesOf,
  type UntypedEvent,
} from '../../events/index.js';
import {
  type AbortReason,
  RunAbortedError,
  type RunExecution,
  toEmittedEvent,
  type WaitForOptions,
  WaitTimeoutError,
} from '../../executors/index.js';
import { checkedEvent } from './checked-event.js';
import { recordedEvent } from './create-event.js';

/** The run that an executor is given. All has defaults. @publicApi */
export interface RunExecutionOptions<Input extends JsonObjectInput = JsonObject> {
  /** Default `{}`. */
  input?: Input;
  /** Default `a test`. */
  task?: string;
  /** Default: none. */
  key?: string;
  /** Default `r0_test`. */
  id?: string;
  /** Default `test`. */
  tenantId?: string;
  /** Default `{}`. */
  labels?: Readonly<Record<string, string>>;
  /** Default: nothing of it. */
  context?: RunInput['context'];
  /** Default 1. */
  attempt?: number;
  /** Default 1. */
  fence?: number;
}

interface Waiter {
  takes(event: RecordedEvent): boolean;
  resolve(event: RecordedEvent): void;
  reject(error: unknown): void;
}

/**
 * A RunExecution for unit tests, without Redis. It writes down what an executor emits, and gives it the events that the
 * test receives for it. It makes the checks that an event has to pass anywhere; whether a type is registered it does not
 * know.
 *
 * @publicApi
 */
export class TestRunExecution<Input extends JsonObjectInput = JsonObject> implements RunExecution<Input> {
  readonly id: string;
  readonly tenantId: string;
  readonly task: string;
  readonly key: string | undefined;
  readonly input: Plain<Input>;
  readonly labels: Readonly<Record<string, string>>;
  readonly context: RunContext;
  readonly attempt: number;
  readonly fence: number;
  /** What the executor emitted, in order. */
  readonly emitted: UntypedEvent[] = [];
  private readonly aborting = new AbortController();
  private readonly kept: RecordedEvent[] = [];
  private readonly waiters = new Set<Waiter>();
  private sequence = 1;

  /** @throws ValidationFailedError, EventTooLargeError for what no run could begin with */
  constructor(options: RunExecutionOptions<Input> = {}) {
    const { task = 'a test', labels = {}, input = {}, key } = options;
    const prepared = prepareRun({ task, labels, input, key });
    this.id = options.id ?? 'r0_test';
    this.tenantId = options.tenantId ?? 'test';
    this.task = task;
    this.key = options.key;
    this.input = JSON.parse(prepared.input) as Plain<Input>;
    this.labels = labels;
    this.context = readRunContext(options.context);
    this.attempt = options.attempt ?? 1;
    this.fence = options.fence ?? 1;
  }

  get signal(): AbortSignal {
    return this.aborting.signal;
  }

  emit<Type extends EventType>(type: Type, ...rest: EmitArguments<Type>): Promise<string | undefined> {
    return this.emitUntyped(type, ...rest);
  }

  async emitUntyped(
    type: string,
    data: JsonObjectInput = {},
    more: EmitOptions = {},
  ): Promise<string | undefined> {
    const event = { ...more, type, data };
    const checked = checkedEvent(event, toEmittedEvent(event));
    // Nothing of a run that is not its any more is stored.
    if (this.isLost) return undefined;
    this.emitted.push(checked);
    return `${Date.now()}-${++this.sequence}`;
  }

  waitFor<Filter extends string>(
    type: Filter,
    options?: WaitForOptions<TypesOf<Filter>>,
  ): Promise<RecordedEvent<TypesOf<Filter>>>;
  async waitFor(
    type: string,
    { where = () => true, timeoutMs }: WaitForOptions = {},
  ): Promise<RecordedEvent> {
    this.signal.throwIfAborted();
    const takes = (event: RecordedEvent): boolean => isEvent(event, type) && where(event);
    const found = this.kept.findIndex(takes);
    if (found >= 0) return this.kept.splice(found, 1)[0] as RecordedEvent;
    let timer: LongTimeout | undefined;
    const waiting = new Promise<RecordedEvent>((resolve, reject) => {
      const waiter = { takes, resolve, reject };
      this.waiters.add(waiter);
      if (timeoutMs === undefined) return;
      timer = setLongTimeout(() => {
        this.waiters.delete(waiter);
        reject(new WaitTimeoutError(type, timeoutMs));
      }, timeoutMs);
    });
    return waiting.finally(() => timer?.cancel());
  }

  /** An event comes from outside: for the executor that waits for it, or the first time that it does. */
  receive(event: EventToAppend): void {
    const { tenantId, id: runId } = this;
    const received = recordedEvent(event, { tenantId, runId, sequence: ++this.sequence });
    for (const waiter of this.waiters) {
      let isTaken: boolean;
      try {
        isTaken = waiter.takes(received);
      } catch (error) {
        this.waiters.delete(waiter);
        waiter.reject(error);
        continue;
      }
      if (!isTaken) continue;
      this.waiters.delete(waiter);
      waiter.resolve(received);
      return;
    }
    this.kept.push(received);
  }

  /** Tells the executor to stop. After `shutdown` it may still emit; after any other reason nothing is taken. */
  abort(reason: AbortReason = 'cancelled'): void {
    const error = new RunAbortedError(reason);
    this.aborting.abort(error);
    for (const waiter of this.waiters) waiter.reject(error);
    this.waiters.clear();
  }

  private get isLost(): boolean {
    const reason: unknown = this.signal.reason;
    return reason instanceof RunAbortedError && reason.reason !== 'shutdown';
  }
}

/**
 * A RunExecution for a unit test.
 *
 * ```ts
 * const run = createRunExecution({ input: { service: 'shop' } });
 * run.receive({ type: 'gate.approved', data: { by: 'Ada' } });
 * expect(await new DeployExecutor().execute(run)).toEqual({ approved_by: 'Ada' });
 * expect(run.emitted.map(({ type }) => type)).toEqual(['gate.requested', 'deploy.shipped']);
 * ```
 *
 * @publicApi
 */
export function createRunExecution<Input extends JsonObjectInput = JsonObject>(
  options?: RunExecutionOptions<Input>,
): TestRunExecution<Input> {
  return new TestRunExecution(options);
}

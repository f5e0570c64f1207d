import type {
  EmitArguments,
  EmitOptions,
  EventType,
  JsonObject,
  JsonObjectInput,
  KnownFilter,
  Plain,
  RecordedEvent,
  RunContext,
  TypesOf,
} from '../events/index.js';

/** Which event is waited for, and for how long. @publicApi */
export interface WaitForOptions<Type extends string = string> {
  /** Only an event for which this is true. Default: any of the type. */
  where?: (event: RecordedEvent<Type>) => boolean;
  /** After so many milliseconds it is given up with a WaitTimeoutError. Default: never. */
  timeoutMs?: number;
}

/**
 * One attempt at a run, as its executor sees it. `RunExecution<Deployment>` has such an input: the executor's
 * `validateInput()` refuses any other.
 *
 * @publicApi
 */
export interface RunExecution<Input extends JsonObjectInput = JsonObject> {
  readonly id: string;
  readonly tenantId: string;
  readonly task: string;
  /** The name of the line of runs that it belongs to, such as a chat; undefined without one. */
  readonly key: string | undefined;
  readonly input: Plain<Input>;
  readonly labels: Readonly<Record<string, string>>;
  readonly context: RunContext;
  /** 1 for the first time that the run was taken up. */
  readonly attempt: number;
  /** Raised by every taking up: hand it to systems that can refuse a late writer by it. */
  readonly fence: number;
  /**
   * Aborts when nobody wants the work any more; its reason is a RunAbortedError. The executor is expected to stop
   * soon and to return or throw, whichever suits it.
   */
  readonly signal: AbortSignal;

  /**
   * Appends an event to the run, after those of earlier calls. It resolves with the event's id once the event is
   * stored, so awaiting it keeps the executor at the pace of the store. Calls that are not awaited are stored together.
   *
   * While Redis is away the event is held in this process, to be stored afterwards, and it resolves with undefined at
   * once; when the buffer for that is full it waits. Held events are lost with the process.
   *
   * Once the run has ended, was deleted or was taken over, nothing is stored and it resolves with undefined; `signal`
   * is aborted then.
   *
   * @param type such as `llm.stream`: built in, or declared by the application (`RunstreamEvents`)
   * @param rest the event's data, which may be left out where nothing of it is required, and what else it carries
   * @throws ValidationFailedError, UnknownEventTypeError, EventTooLargeError; OverloadedError when thousands of events
   *   wait already since nobody awaits them
   */
  emit<Type extends EventType>(type: Type, ...rest: EmitArguments<Type>): Promise<string | undefined>;

  /** The same for a type that is known only when the program runs. It must be registered all the same. */
  emitUntyped(type: string, data?: JsonObjectInput, more?: EmitOptions): Promise<string | undefined>;

  /**
   * Waits for an event from outside, such as an approval: the first of its type that no earlier call was given. All of
   * the run's events count, from its beginning, so that one which came early, or to an attempt that was lost, is found
   * at once. Events that the executor emitted itself do not count, unless an earlier attempt gave them idempotency keys
   * of its own.
   *
   * @param type as `gate.approved`, `gate.*` or `gate.approved,gate.rejected`
   * @throws the reason of `signal` when that aborts; WaitTimeoutError; ValidationFailedError, UnknownEventTypeError
   */
  waitFor<const Filter extends string>(
    type: Filter & KnownFilter<Filter>,
    options?: WaitForOptions<TypesOf<Filter>>,
  ): Promise<RecordedEvent<TypesOf<Filter>>>;
}

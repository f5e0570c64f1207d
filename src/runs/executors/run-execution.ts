import type { EventContext, EventInput, JsonObject } from '../../events/index.js';

/** What else an event may carry, beside its type and data. */
export type EmitOptions = Pick<
  EventInput,
  'source' | 'context' | 'metadata' | 'timestamp' | 'idempotency_key'
>;

/**
 * One attempt at a run, as its executor sees it.
 *
 * @publicApi
 */
export interface RunExecution {
  readonly id: string;
  readonly tenantId: string;
  readonly task: string;
  readonly input: JsonObject;
  readonly labels: Readonly<Record<string, string>>;
  readonly context: EventContext;
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
   * stored, so awaiting it keeps the executor at the pace of the store; while Redis is away it waits. Calls that
   * are not awaited are stored together.
   *
   * Once the run has ended, was deleted or was taken over, nothing is stored and it resolves with undefined.
   *
   * @param type such as `llm.stream`
   * @throws ValidationFailedError, UnknownEventTypeError, EventTooLargeError
   */
  emit(type: string, data?: JsonObject, more?: EmitOptions): Promise<string | undefined>;
}

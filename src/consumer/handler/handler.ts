import type { NewRun } from '../../event-store/index.js';
import type { EventToAppend, RecordedEvent, UntypedEvent } from '../../events/index.js';
import type { HandlerResult } from './handler-result.js';

/**
 * What `@EventHandler` goes on. `Handler<'build.started'>` is given events of this type.
 *
 * @publicApi
 */
export interface Handler<Type extends string = string> {
  /**
   * Refuses events before they are begun; what it refuses is acknowledged and counts as skipped. It answers at once: a
   * Promise, like anything else that is neither true nor false, and what it throws, is a failure of the event. As
   * `handle` it is called in the context of the event's tenant (`TenantContext`).
   */
  canHandle?(event: RecordedEvent<Type>): boolean;
  /** Nothing returned is a success; a thrown error is a retry; what is no HandlerResult is a failure. */
  handle(
    event: RecordedEvent<Type>,
    context: HandlerContext,
  ): Promise<HandlerResult | void> | HandlerResult | void;
}

/** What a handler may know and do besides its event. @publicApi */
export interface HandlerContext {
  readonly tenantId: string;
  readonly group: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Rises with each attempt of any event of the group: give it to what you call, to reject a late one. */
  readonly fencingToken: number;
  /** The producer's key of the event, or else the event's id: give it to what you call, to have it done once. */
  readonly idempotencyKey: string;
  /** Aborts when the lease is lost, the time is up, or the process stops. */
  readonly signal: AbortSignal;
  /** Appends an event to a live run of the same tenant, in the same atomic step as this event's acknowledgement. */
  publish(runId: string, event: EventToAppend): void;
  /** The same for a type that is known only when the program runs. It must be registered all the same. */
  publishUntyped(runId: string, event: UntypedEvent): void;
  /** Starts a run of the same tenant in the same step. Returns its id. */
  startRun(run: StartRun): string;
  /** Extends the lease now. It is extended all by itself while the handler's process lives. */
  extend(): Promise<void>;
}

/** A run that a handler starts: its task, and what else a run may begin with. @publicApi */
export type StartRun = Pick<NewRun, 'task'> & Partial<NewRun>;

import type { RunstreamClient } from '../client.js';
import type { AnswerOf, BodyOf, EventInput, RunEvent } from '../types.js';
import { eventOfType } from './worker-run.js';

export type Delivery = AnswerOf<'takeDeliveries'>['deliveries'][number];
export type Settlement = BodyOf<'settleDeliveries'>['settlements'][number];
type Effects = Required<{ [Name in 'publish' | 'start_runs']: NonNullable<Settlement[Name]> }>;

/** What the protocol says of `PUT /consumers/{group}`, in its names. */
export type HandlerOptions = BodyOf<'putConsumer'> & {
  /** Most events that are handled at once. Default: 10. */
  concurrency?: number;
};

/** Returns when it is done, or throws: RetryError, FailError, or anything else, which is tried again. */
export type HandlerFunction = (event: RunEvent, context: HandlerContext) => unknown;

/**
 * What a handler knows of a delivery, and the effects that it makes with it. They are made in the same step as the
 * acknowledgement when the handler succeeds, and else not at all.
 */
export class HandlerContext {
  /** Of the delivery: the same for each attempt at the same event. */
  readonly id: string;
  readonly attempt: number;
  /** @internal */
  readonly effects: Effects = { publish: [], start_runs: [] };

  /**
   * @param signal aborts when another worker has the event by now: what this one does has no effect any more
   * @param stopping aborts when this worker is to end
   */
  constructor(
    delivery: Delivery,
    readonly client: RunstreamClient,
    readonly signal: AbortSignal,
    readonly stopping: AbortSignal,
  ) {
    this.id = delivery.id;
    this.attempt = delivery.attempt;
  }

  /** Appends an event to a run: a type and its data, or all of it as the protocol has it. */
  publish(runId: string, type: string | EventInput, data: Record<string, unknown> = {}): void {
    const event = typeof type === 'string' ? eventOfType(type, data) : type;
    this.effects.publish.push({ ...event, run_id: runId });
  }

  /** Starts a run. */
  startRun(run: Effects['start_runs'][number]): void {
    this.effects.start_runs.push(run);
  }
}

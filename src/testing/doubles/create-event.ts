import {
  type EventToAppend,
  type EventType,
  type RecordedEvent,
  toEventInput,
  type UntypedEvent,
} from '../../events/index.js';
import { prepare } from './checked-event.js';

/** Where an event that a test makes stands. All has defaults. @publicApi */
export interface EventPlace {
  /** Default `test`. */
  tenantId?: string;
  /** Default `r0_test`. */
  runId?: string;
  /** Its place in the run's log. Default 1. */
  sequence?: number;
}

/**
 * An event as a handler is given it, for a unit test.
 *
 * ```ts
 * handler.handle(createEvent({ type: 'deploy.shipped', data: { service: 'shop' } }), createHandlerContext());
 * ```
 *
 * @throws ValidationFailedError, EventTooLargeError for what no producer could append
 * @publicApi
 */
export function createEvent<Type extends EventType>(
  event: { type: Type } & EventToAppend<Type>,
  place?: EventPlace,
): RecordedEvent<Type> {
  return recordedEvent(event, place) as RecordedEvent<Type>;
}

/** The same for any type. */
export function recordedEvent(
  event: UntypedEvent,
  { tenantId = 'test', runId = 'r0_test', sequence = 1 }: EventPlace = {},
): RecordedEvent {
  const input = toEventInput(event);
  const ms = Date.now();
  const head = `"id":"${ms}-${sequence}","sequence":${sequence}`;
  const { body, key, timestamp = new Date(ms).toISOString() } = prepare(event, input);
  return {
    ...(JSON.parse(`{${head},${body}}`) as RecordedEvent),
    run_id: runId,
    tenant_id: tenantId,
    timestamp,
    event: input.event,
    ...(key !== undefined && { idempotency_key: JSON.parse(key) as string }),
  };
}

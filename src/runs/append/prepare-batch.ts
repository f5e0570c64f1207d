import { ValidationFailedError } from '../../common/index.js';
import { type EventStore, MAX_BATCH_EVENTS } from '../../event-store/index.js';
import type { PreparedEvent } from '../../events/index.js';

/**
 * Checks what is to be appended in one step: one event, or some.
 *
 * @throws ValidationFailedError, UnknownEventTypeError, EventTooLargeError
 */
export function prepareBatch(store: EventStore, body: unknown): PreparedEvent[] {
  if (!Array.isArray(body)) return [store.prepare(body)];
  if (body.length === 0 || body.length > MAX_BATCH_EVENTS) {
    throw new ValidationFailedError([{ path: '', message: `must hold 1 to ${MAX_BATCH_EVENTS} events` }]);
  }
  const events = body.map((event: unknown, i) => store.prepare(event, `[${i}]`));
  const terminal = events.findIndex((event) => event.patch && event.patch.status !== 'running');
  if (terminal >= 0 && terminal < events.length - 1) {
    throw new ValidationFailedError([
      { path: `[${terminal}]`, message: 'ends the run, so it may only be the last event' },
    ]);
  }
  return events;
}

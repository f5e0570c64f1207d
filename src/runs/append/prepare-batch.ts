import { ValidationFailedError } from '../../common/index.js';
import { type EventStore, MAX_BATCH_EVENTS } from '../../event-store/index.js';
import type { PreparedEvent, TraceContext } from '../../events/index.js';

/**
 * Checks what is to be appended in one step: one event, or some.
 *
 * @param trace that of events which name none themselves
 * @throws ValidationFailedError, UnknownEventTypeError, EventTooLargeError
 */
export function prepareBatch(store: EventStore, body: unknown, trace?: TraceContext): PreparedEvent[] {
  if (!Array.isArray(body)) return [store.prepare(body, '', trace)];
  if (body.length === 0 || body.length > MAX_BATCH_EVENTS) {
    throw new ValidationFailedError([{ path: '', message: `must hold 1 to ${MAX_BATCH_EVENTS} events` }]);
  }
  const events = body.map((event: unknown, i) => store.prepare(event, `[${i}]`, trace));
  const terminal = events.findIndex((event) => event.patch && event.patch.status !== 'running');
  if (terminal >= 0 && terminal < events.length - 1) {
    throw new ValidationFailedError([
      { path: `[${terminal}]`, message: 'ends the run, so it may only be the last event' },
    ]);
  }
  return events;
}

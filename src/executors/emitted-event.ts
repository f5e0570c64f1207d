import { ValidationFailedError } from '../common/index.js';
import { type EventInput, toEventInput, type UntypedEvent } from '../events/index.js';

/**
 * What an executor may say about its run, as producers send it.
 *
 * @throws ValidationFailedError for what is no event, and for the lifecycle of the run itself
 */
export function toEmittedEvent(event: UntypedEvent): EventInput {
  const input = toEventInput(event);
  if (input.event.category !== 'lifecycle' || event.source != null) return input;
  throw new ValidationFailedError([
    {
      path: 'type',
      message:
        'the lifecycle of the run itself follows from its executor: return the result, or throw; add a source for the lifecycle of an agent',
    },
  ]);
}

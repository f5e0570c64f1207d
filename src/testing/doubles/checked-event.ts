import {
  type EventInput,
  EventTypeRegistry,
  prepareEvent,
  type PreparedEvent,
  type UntypedEvent,
} from '../../events/index.js';

/**
 * Makes the checks of any event. Which types are registered only an application knows: here each is.
 *
 * @throws ValidationFailedError, EventTooLargeError; TypeError for what is no type
 */
export function prepare({ type }: UntypedEvent, input: EventInput): PreparedEvent {
  return prepareEvent(input, new EventTypeRegistry([type]));
}

/** The event with its data as it would be stored. */
export function checkedEvent(event: UntypedEvent, input: EventInput): UntypedEvent {
  const { data } = JSON.parse(`{${prepare(event, input).body}}`) as Required<Pick<UntypedEvent, 'data'>>;
  return { ...event, data };
}

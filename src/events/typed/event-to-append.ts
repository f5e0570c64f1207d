import { ValidationFailedError } from '../../common/index.js';
import type { EventInput } from '../envelope.js';
import type { JsonObjectInput } from '../checks/json-object.js';
import type { EventDataInput, EventType, HasOptionalData } from './event-data.js';

/** What else an event may carry, beside its type and data. @publicApi */
export type EmitOptions = Pick<
  EventInput,
  'source' | 'context' | 'metadata' | 'timestamp' | 'idempotency_key'
>;

/**
 * An event to be appended, of a type that is built in or declared (`RunstreamEvents`).
 *
 * @publicApi
 */
export type EventToAppend<Type extends EventType = EventType> = Type extends EventType
  ? EmitOptions & { /** Such as `llm.stream`. */ type: Type } & DataMember<Type>
  : never;

type DataMember<Type extends EventType> =
  HasOptionalData<Type> extends true ? { data?: EventDataInput<Type> } : { data: EventDataInput<Type> };

/**
 * An event whose type is known only when the program runs. The type must be registered all the same.
 *
 * @publicApi
 */
export interface UntypedEvent extends EmitOptions {
  /** Such as `llm.stream`. */
  type: string;
  data?: JsonObjectInput;
}

/** What follows the type in `emit()`: the data, which may be left out where nothing of it is required, and more. */
export type EmitArguments<Type extends EventType> =
  HasOptionalData<Type> extends true
    ? [data?: EventDataInput<Type>, more?: EmitOptions]
    : [data: EventDataInput<Type>, more?: EmitOptions];

/**
 * The event as producers send it.
 *
 * @throws ValidationFailedError for what is no event at all; the rest is checked when it is prepared
 */
export function toEventInput(event: UntypedEvent): EventInput {
  // What callers in JavaScript give may be anything.
  if (typeof event !== 'object' || (event as unknown) === null) throw invalid('', 'must be an object');
  const { type, data = {}, ...more } = event;
  if (typeof type !== 'string') throw invalid('type', 'must be a text such as log.stdout');
  const dot = type.indexOf('.');
  const [category, action] = dot < 0 ? [type, ''] : [type.slice(0, dot), type.slice(dot + 1)];
  return { ...more, event: { category, action }, data };
}

function invalid(path: string, message: string): ValidationFailedError {
  return new ValidationFailedError([{ path, message }]);
}

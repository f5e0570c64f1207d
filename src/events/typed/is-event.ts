import type { RecordedEvent } from '../envelope.js';
import type { KnownFilter, TypesOf } from './event-filter.js';

/**
 * Whether an event is of a type, which the compiler knows from there on.
 *
 * ```ts
 * if (isEvent(update.event, 'llm.stream')) process.stdout.write(update.event.data.content);
 * ```
 *
 * It looks at the name alone. What a producer outside appended under it is not checked against what was declared.
 *
 * @param filter as `gate.approved`, `gate.*` or `gate.approved,gate.rejected`
 * @publicApi
 */
export function isEvent<const Filter extends string>(
  event: RecordedEvent,
  filter: Filter & KnownFilter<Filter>,
): event is RecordedEvent<TypesOf<Filter>> {
  const { category, action } = event.event;
  return filter.split(',').some((part) => part === `${category}.${action}` || part === `${category}.*`);
}

import type { EventCategory, EventType } from './event-data.js';

/**
 * The types that a filter such as `gate.approved`, `gate.*` or `gate.approved,gate.rejected` lets pass. Of one that is
 * known only when the program runs: any.
 *
 * @publicApi
 */
export type TypesOf<Filter extends string> = string extends Filter
  ? string
  : Filter extends `${infer First},${infer Rest}`
    ? TypesOf<First> | TypesOf<Rest>
    : Filter extends `${infer Category}.*`
      ? Extract<EventType, `${Category}.${string}`>
      : Filter;

/**
 * What a filter must also be, to be used as `Filter & KnownFilter<Filter>`: nothing more where all of its parts are
 * known, or where it is known only when the program runs.
 */
export type KnownFilter<Filter extends string> = string extends Filter
  ? unknown
  : Filter extends `${infer First},${infer Rest}`
    ? KnownPart<First> & KnownFilter<Rest>
    : KnownPart<Filter>;

type KnownPart<Part extends string> = Part extends EventType | `${EventCategory}.*`
  ? unknown
  : UnknownEventType<Part>;

/** Nothing is this: it stands in the compiler's message about a name that is neither built in nor declared. */
interface UnknownEventType<Name extends string> {
  readonly unknownEventType: Name;
}

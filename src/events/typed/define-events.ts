import { isObject, type JsonObject, type JsonObjectInput } from '../checks/json-object.js';
import { assertEventType } from './event-type-name.js';

/** What is said about one event type: what its data holds. It has no value, only a type. @publicApi */
export interface EventDefinition<Data extends JsonObjectInput = JsonObject> {
  /** For the compiler alone; never there. */
  readonly data?: Data;
}

/** Event types by name. @publicApi */
export type EventDefinitions = Readonly<Record<string, EventDefinition<JsonObjectInput>>>;

/** Event types that belong together, to register and to declare. @publicApi */
export interface DefinedEvents<Definitions extends EventDefinitions = EventDefinitions> {
  /** Their names, as `forFeature()` takes them. */
  readonly types: readonly string[];
  readonly definitions: Definitions;
}

/**
 * Says what the data of an event type holds. Default: anything.
 *
 * @publicApi
 */
export function event(): EventDefinition;
export function event<Data extends JsonObjectInput>(): EventDefinition<Data>;
export function event(): EventDefinition {
  return {};
}

/**
 * Event types in one place: what the application registers, and what its compiler knows.
 *
 * ```ts
 * export const Build = defineEvents({
 *   'build.started': event<{ commit: string }>(),
 *   'build.*': event(), // all others of the category
 * });
 *
 * EventStoreModule.forFeature(Build); // in the `imports` of a module
 *
 * declare module 'runstream' {
 *   interface RunstreamEvents extends EventsOf<typeof Build> {}
 * }
 * ```
 *
 * @throws TypeError for a name that is no event type, and for what names none
 * @publicApi
 */
export function defineEvents<const Definitions extends EventDefinitions>(
  definitions: Definitions,
): DefinedEvents<Definitions> {
  if (!isObject(definitions)) {
    throw new TypeError(
      "defineEvents({ 'build.started': event<{ commit: string }>() }) takes types by name.",
    );
  }
  const types = Object.keys(definitions);
  for (const type of types) assertEventType(type);
  return Object.freeze({ types: Object.freeze(types), definitions });
}

/**
 * What `RunstreamEvents` extends: defined events, or the names of types whose data may hold anything, such as
 * `EventsOf<'build.*' | 'deploy.started'>`.
 *
 * @publicApi
 */
export type EventsOf<Source extends DefinedEvents | string> = [Source] extends [string]
  ? { [Name in Source as TypesNamed<Name>]: JsonObject }
  : Source extends { readonly definitions: infer Definitions }
    ? { [Name in keyof Definitions & string as TypesNamed<Name>]: DataOf<Definitions[Name]> }
    : never;

/** Whatever is in the category of `build.*`; any other name is a type of its own. */
type TypesNamed<Name extends string> = Name extends `${infer Category}.*` ? `${Category}.${string}` : Name;

type DataOf<Definition> = Definition extends EventDefinition<infer Data> ? Plain<Data> : never;

/** The same members, as a type without a name of its own: unlike an interface it is a JsonObject. */
export type Plain<Data> = { [Name in keyof Data]: Data[Name] };

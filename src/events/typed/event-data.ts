import type { JsonObject, JsonObjectInput } from '../checks/json-object.js';
import type { BuiltInEvents } from './built-in-events.js';
import type { Plain } from './define-events.js';
import type { RunstreamEvents } from './runstream-events.js';

/**
 * The names of event types that code may use: the built-in ones, and those that the application declares
 * (`RunstreamEvents`).
 *
 * @publicApi
 */
export type EventType = keyof BuiltInEvents | Extract<keyof RunstreamEvents, string>;

/** `build` of `build.started`. @publicApi */
export type EventCategory<Type extends string = EventType> = Type extends `${infer Category}.${string}`
  ? Category
  : string;

/** `started` of `build.started`. @publicApi */
export type EventAction<Type extends string = EventType> = Type extends `${string}.${infer Action}`
  ? Action
  : string;

/** What was declared for a type; what was not may hold anything. */
type Declared<Type extends string> = Type extends keyof RunstreamEvents
  ? RunstreamEvents[Type]
  : Type extends keyof BuiltInEvents
    ? BuiltInEvents[Type]
    : JsonObject;

/**
 * An event's data as its readers see it. What is declared as an interface is a JsonObject here too: a mapped type is,
 * an interface is not.
 *
 * @publicApi
 */
export type EventData<Type extends string = string> = string extends Type
  ? JsonObject
  : Plain<Declared<Type>>;

/**
 * An event's data as its producer may give it: as declared. Where more than what is named may be there, an interface
 * is accepted as well.
 *
 * @publicApi
 */
export type EventDataInput<Type extends string = string> = string extends Type
  ? JsonObjectInput
  : InputOf<Declared<Type>>;

type InputOf<Data> = Data extends unknown
  ? string extends keyof Data
    ? Data | (Named<Data> & JsonObjectInput)
    : Data
  : never;

/** Without the index signature. */
type Named<Data> = { [Name in keyof Data as string extends Name ? never : Name]: Data[Name] };

/** Whether an event of the type may go without data. */
export type HasOptionalData<Type extends string> =
  Partial<EventData<Type>> extends EventData<Type> ? true : false;

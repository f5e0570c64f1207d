import { Allow } from 'class-validator';
import 'reflect-metadata';

const JSON_OBJECTS = Symbol('runstream:json-objects');

/**
 * Marks a property of a request class that belongs to the caller: it must be a JSON object, and is passed on as
 * it is. Class-transformer would rebuild it, and lose or choke on keys such as `constructor`. Absent and null
 * are both undefined; other rules do not apply to it.
 *
 * @publicApi
 */
export function JsonObject(): PropertyDecorator {
  return (prototype, property) => {
    Allow()(prototype, property);
    Reflect.defineMetadata(JSON_OBJECTS, [...jsonObjectsOf(prototype), String(property)], prototype);
  };
}

/** Names of the properties marked in a class, those of its ancestors too. */
export function jsonObjectsOf(prototype: object): readonly string[] {
  const names: unknown = Reflect.getMetadata(JSON_OBJECTS, prototype);
  return Array.isArray(names) ? (names as string[]) : [];
}

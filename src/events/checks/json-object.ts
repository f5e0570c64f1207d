/** A JSON object that belongs to the caller: never validated, never transformed. @publicApi */
export type JsonObject = Record<string, unknown>;

/**
 * What is accepted as a JSON object. Values of an interface are among it, which TypeScript does not take for a
 * JsonObject; lists and maps are not.
 *
 * @publicApi
 */
export type JsonObjectInput = JsonObject | (object & { readonly [Symbol.iterator]?: never });

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** About what an object and its slots take in V8. */
const OBJECT_BYTES = 56;
const MAX_DEPTH = 8;

/** About how many bytes a value of JSON takes in memory: a bound is to hold, not to be exact. */
export function sizeOf(value: unknown, depth = 0): number {
  if (typeof value === 'string') return OBJECT_BYTES / 2 + 2 * value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let bytes = OBJECT_BYTES;
  if (depth > MAX_DEPTH) return bytes + 2 * JSON.stringify(value).length;
  for (const name in value) bytes += 8 + sizeOf((value as Record<string, unknown>)[name], depth + 1);
  return bytes;
}

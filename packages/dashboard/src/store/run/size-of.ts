/** About what an object, or the head of a string, takes in V8. */
const OBJECT_BYTES = 24;
const HEAD_BYTES = 16;
const MEMBER_BYTES = 8;
const MAX_DEPTH = 8;

const IS_WIDE = /[^\u0000-\u00ff]/;

/** About how many bytes a value of JSON takes in memory: a bound is to hold, not to be exact. */
export function sizeOf(value: unknown, depth = 0): number {
  if (typeof value === 'string') return HEAD_BYTES + value.length * (IS_WIDE.test(value) ? 2 : 1);
  if (typeof value !== 'object' || value === null) return MEMBER_BYTES;
  if (depth > MAX_DEPTH) return 2 * JSON.stringify(value).length;
  let bytes = OBJECT_BYTES;
  for (const name in value)
    bytes += MEMBER_BYTES + sizeOf((value as Record<string, unknown>)[name], depth + 1);
  return bytes;
}

/** Whether a text has at most `max` characters. Code points are counted, as OpenAPI does. */
export function hasAtMost(text: string, max: number): boolean {
  // Most texts: a code point is one or two UTF-16 units.
  if (text.length <= max) return true;
  if (text.length > 2 * max) return false;
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) !== 0xdc00) count++;
  }
  return count <= max;
}

/**
 * Whether a value is a text of `min` to `max` characters. A lone surrogate is not text: UTF-8 can't hold it, so it
 * would come back as another character.
 */
export function isText(value: unknown, min: number, max: number): value is string {
  return typeof value === 'string' && value.length >= min && value.isWellFormed() && hasAtMost(value, max);
}

const UNPRINTABLE = /\p{Cc}/u;

/** Whether a value is a text as `isText` has it, without control characters: what the protocol calls printable. */
export function isPrintable(value: unknown, min: number, max: number): value is string {
  return isText(value, min, max) && !UNPRINTABLE.test(value);
}

/** The beginning of a text, at most so many characters. What is not text in it becomes U+FFFD. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text.toWellFormed();
  const head = text.slice(0, max - 1);
  return `${isHighSurrogate(head.charCodeAt(max - 2)) ? head.slice(0, -1) : head}…`.toWellFormed();
}

function isHighSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800;
}

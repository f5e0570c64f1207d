const DIGITS = /^[0-9]{1,16}$/;

/**
 * Reads a number that came as text: in a query, a header, an environment variable, an argument. Decimal digits and
 * nothing else, where Number() also takes `''`, `' 5'`, `1e2`, `0x10` and `['5']`.
 *
 * @returns undefined when it is not a whole number from `min` to `max`
 */
export function readInteger(text: unknown, min: number, max = Number.MAX_SAFE_INTEGER): number | undefined {
  if (typeof text !== 'string' || !DIGITS.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** What a timer takes. */
const MAX_DURATION_MS = 24 * 86_400_000;

/** `90`, `90s`, `1h30m`: milliseconds. */
export function durationOf(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  const ms = /^\d+$/.test(text)
    ? Number(text) * 1000
    : parts.reduce((sum, [, number, unit = '']) => sum + Number(number) * (UNITS[unit] ?? 0), 0);
  const isWhole = /^\d+$/.test(text) || parts.map(([part]) => part).join('') === text;
  if (!isWhole || !(ms > 0) || ms > MAX_DURATION_MS) {
    throw new InvalidArgumentError('Give a time like 90s, 10m or 1h30m, of at most 24d.');
  }
  return ms;
}

/** A time in ISO 8601, or one that lies so long ago, like `10m`: milliseconds since 1970. */
export function timeOf(text: string): number {
  if (/^\d{4}-/.test(text)) {
    // Without a zone it is UTC, as everywhere in the protocol.
    const ms = Date.parse(/(?:[zZ]|[+-]\d\d:?\d\d|^\d{4}-\d\d(?:-\d\d)?)$/.test(text) ? text : `${text}Z`);
    if (Number.isNaN(ms))
      throw new InvalidArgumentError('Give a time in ISO 8601, like 2026-11-21T17:00:00Z.');
    return ms;
  }
  return Date.now() - durationOf(text);
}

/** A whole number within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
  };
}

/** `name:value` of one label, and those that were given before. */
export function labelOf(text: string, others: Record<string, string> = {}): Record<string, string> {
  const colon = text.indexOf(':');
  if (colon < 1) throw new InvalidArgumentError('Give a label as name:value.');
  return { ...others, [text.slice(0, colon)]: text.slice(colon + 1) };
}

export function jsonObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`It is no JSON: ${(error as Error).message}.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidArgumentError('Give a JSON object, like \'{"command": "lint"}\'.');
  }
  return value as Record<string, unknown>;
}

/** `a,b`. */
export function listOf(text: string): string[] {
  return text.split(',').filter((part) => part !== '');
}

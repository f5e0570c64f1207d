/** A year. */
const MAX_SECONDS = 365 * 86_400;

/** @throws Error for a time to live from code that is no whole number of seconds, or none that makes sense */
export function ttlMs(option: string, seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_SECONDS) return seconds * 1000;
  throw new Error(`Set ${option} to a whole number of seconds from 1 to ${MAX_SECONDS}.`);
}

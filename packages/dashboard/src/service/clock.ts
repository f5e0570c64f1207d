/** Closer than this they are the same: a `Date` header has whole seconds, and an answer takes its time. */
const SAME_MS = 2000;

let offsetMs: number | undefined;

/** The time by the service's clock, in ms since 1970: all ages that are shown are measured by it. */
export const serviceNow = (): number => Date.now() + (offsetMs ?? 0);

/**
 * Takes from the first answer by how much this browser's clock is wrong.
 *
 * @param date its `Date` header; null when it can't be seen, as that of another origin
 * @param sentMs when it was asked for, by the browser's clock
 */
export function noteServiceTime(date: string | null, sentMs: number): void {
  if (offsetMs !== undefined || date === null) return;
  const cameMs = Date.now();
  const servedMs = Date.parse(date) + 500;
  if (Number.isNaN(servedMs)) return;
  const difference = servedMs - (sentMs + cameMs) / 2;
  offsetMs = Math.abs(difference) <= SAME_MS + (cameMs - sentMs) / 2 ? 0 : difference;
}

/**
 * Whether JSON.stringify() turned a number of this value into `null` since JSON has none for it: NaN or an
 * infinity. Values that come over the wire were checked when they were parsed; those of code in this process were
 * not.
 *
 * @param json the value as JSON: without a `null` in it there is nothing to look for
 */
export function lostNumbers(value: unknown, json: string): boolean {
  return json.includes('null') && holdsNotFinite(value);
}

function holdsNotFinite(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsNotFinite);
}

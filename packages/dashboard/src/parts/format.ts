const UNITS: readonly [number, string][] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'm'],
  [1, 's'],
];

/** The two largest units of a time, as in `12 m 04 s`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds === 0) return '0 s';
  const at = UNITS.findIndex(([size]) => seconds >= size);
  const [size, unit] = UNITS[at] ?? [1, 's'];
  const next = at < 0 ? undefined : UNITS[at + 1];
  const whole = `${Math.floor(seconds / size)} ${unit}`;
  if (!next) return whole;
  return `${whole} ${String(Math.floor((seconds % size) / next[0])).padStart(2, '0')} ${next[1]}`;
}

/** With a narrow space between thousands, and the same everywhere: `12 502`. */
export function count(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** Of the day, in the reader's zone, with milliseconds when asked: `12:04:01`. */
export function clock(timestamp: string | number, withMs = false): string {
  const date = new Date(timestamp);
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return withMs ? `${time}.${String(date.getMilliseconds()).padStart(3, '0')}` : time;
}

const DAY_MS = 86_400_000;

/** The time of day, with the day in front of it when it was not within the last: `02:14`, `Nov 27, 02:14`. */
export function moment(timestamp: string, now: number): string {
  const date = new Date(timestamp);
  const time = clock(timestamp).slice(0, 5);
  if (now - date.getTime() < DAY_MS) return time;
  return `${date.toLocaleDateString('en', { day: 'numeric', month: 'short' })}, ${time}`;
}

/** As in `1 event`, `2 events`. */
export function counted(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** How far away a time is, as in `12 m 04 s ago` or `in 8 s`. */
export function distance(at: number, from: number): string {
  const ms = at - from;
  if (Math.abs(ms) < 1000) return 'now';
  return ms < 0 ? `${duration(-ms)} ago` : `in ${duration(ms)}`;
}

/** Of what is still to come: `in 8 s`, or `due`. */
export function ahead(at: number, from: number): string {
  return at <= from ? 'due' : distance(at, from);
}

const UNITS = [
  { ms: 86_400_000, name: 'd' },
  { ms: 3_600_000, name: 'h' },
  { ms: 60_000, name: 'm' },
  { ms: 1000, name: 's' },
];

/** `12 m 04 s`: its two largest units. Below a second in milliseconds, below ten seconds with one decimal. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(Math.round(ms), 0)} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000) * 1000;
  const at = UNITS.findIndex((unit) => seconds >= unit.ms);
  const [large, small] = [UNITS[at], UNITS[at + 1]];
  if (!large) return `${seconds / 1000} s`;
  const count = Math.floor(seconds / large.ms);
  if (!small) return `${count} ${large.name}`;
  const rest = Math.floor((seconds % large.ms) / small.ms);
  return `${count} ${large.name} ${String(rest).padStart(2, '0')} ${small.name}`;
}

/** `3 m 10 s ago`, by this machine's clock. */
export function ago(time: string | null | undefined): string | undefined {
  return time == null ? undefined : `${duration(Date.now() - Date.parse(time))} ago`;
}

/** `1 204`. */
export function count(number: number): string {
  return number.toLocaleString('en').replaceAll(',', ' ');
}

/** `1 event`, `1 204 events`. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

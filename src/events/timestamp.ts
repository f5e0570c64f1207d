const PATTERN =
  /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?([Zz]|[+-]\d{2}(?::?\d{2})?)?)?$/;

/**
 * Reads an ISO 8601 time and writes it the one way the wire knows: UTC, milliseconds, `Z`.
 * A time without a zone is UTC (Date.parse would take it as local). Undefined when it is none, or no such day exists.
 */
export function normaliseTimestamp(text: string): string | undefined {
  const match = PATTERN.exec(text);
  if (!match) return undefined;
  const [, day, minutes = '00:00', seconds = '00', fraction = '', zone = 'Z'] = match;
  const local = `${day}T${minutes}:${seconds}.${fraction.slice(0, 3).padEnd(3, '0')}Z`;
  const date = new Date(local);
  // Date.parse takes 30 February for 2 March: only what comes back the same was a real time.
  if (Number.isNaN(date.getTime()) || date.toISOString() !== local) return undefined;
  if (zone === 'Z' || zone === 'z') return local;
  const offset = offsetMinutes(zone);
  if (offset === undefined) return undefined;
  const shifted = new Date(date.getTime() - offset * 60_000);
  const year = shifted.getUTCFullYear();
  return year >= 0 && year <= 9999 ? shifted.toISOString() : undefined;
}

function offsetMinutes(zone: string): number | undefined {
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(':', '') || '0');
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

import { ValidationFailedError } from '../../common/index.js';
import { type EventId, tryParseEventId } from '../../events/index.js';

const DIGITS = 16;
const OFFSET = /^(\d{16})_(\d{16})$/;

/** An event's id as text that can be compared, which an offset must be: both halves have all their digits. */
export function toOffset(id: string): string {
  return id
    .split('-')
    .map((half) => half.padStart(DIGITS, '0'))
    .join('_');
}

/**
 * Where to read from; `start` and `tail` for `-1` and `now`.
 *
 * @throws ValidationFailedError
 */
export function readOffset(text: unknown): EventId | 'start' | 'tail' {
  if (text === undefined || text === '-1') return 'start';
  if (text === 'now') return 'tail';
  const match = typeof text === 'string' ? OFFSET.exec(text) : null;
  const id = match && tryParseEventId(`${Number(match[1])}-${Number(match[2])}`);
  if (!id)
    throw new ValidationFailedError([
      { path: 'offset', message: 'must be -1, now or an offset of this stream' },
    ]);
  return id;
}

/** Where the protocol begins to count. */
const EPOCH_MS = Date.UTC(2024, 9, 9);
const INTERVAL_MS = 20_000;

/**
 * What tells requests apart that would otherwise be one to a cache in between: it only ever rises.
 *
 * @param sent what the client was given with the answer before
 */
export function nextCursor(sent: unknown, now = Date.now()): string {
  const interval = Math.floor((now - EPOCH_MS) / INTERVAL_MS);
  const before = typeof sent === 'string' && /^\d{1,15}$/.test(sent) ? Number(sent) : -1;
  return String(before < interval ? interval : before + 1);
}

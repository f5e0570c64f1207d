import type { RunEvent } from '@runstream/client';
import { sizeOf } from './size-of.js';

const MAX_CHARACTERS = 4096;
const MAX_BYTES = 64 * 2 ** 10;

/** An event as a list can show it: of long values the beginning, of many values none. */
export function shorten(event: RunEvent): RunEvent {
  const data = cut(event.data) as RunEvent['data'];
  const { metadata: _metadata, ...rest } = event;
  return { ...rest, data: sizeOf(data) > MAX_BYTES ? { '…': 'too much for a list: open the event' } : data };
}

function cut(value: unknown): unknown {
  if (typeof value === 'string')
    return value.length > MAX_CHARACTERS ? `${value.slice(0, MAX_CHARACTERS)}…` : value;
  if (Array.isArray(value)) return value.map(cut);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, cut(inner)]));
}

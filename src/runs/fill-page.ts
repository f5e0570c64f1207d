import type { EncodedEvent } from '../event-store/index.js';
import { type EventId, formatEventId, tryParseEventId } from '../events/index.js';
import { InvalidEventIdError } from '../common/index.js';

/** A page ends early when its events reach this. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;
/** What one call to Redis may bring, so that it holds up nobody else for long. */
const READ_BYTES = 1024 * 1024;
const READ_EVENTS = 1000;

export interface PageRequest {
  order: 'asc' | 'desc';
  /** An id, inclusive, or `-`. */
  from: string;
  /** An id, inclusive, or `+`. */
  to: string;
  limit: number;
  /** Default: every event passes. */
  passes?: ((event: EncodedEvent) => boolean) | undefined;
  /** A page ends early when so many events were looked at. Default: it does not. */
  mostLookedAt?: number;
}

export interface ReadRange {
  from: string;
  to: string;
  order: 'asc' | 'desc';
  limit: number;
  maxBytes: number;
}

/** What one reading of a log gave. */
export interface ReadResult {
  events: readonly EncodedEvent[];
  /** The last entry that was read, also if it can't be shown. */
  reached: EventId | undefined;
  /** Whether nothing follows in the range. */
  complete: boolean;
}

export interface FilledPage {
  events: EncodedEvent[];
  /** Where the next page begins; undefined on the last. */
  next: EventId | undefined;
  /** The first and the last entry that this page has looked at. */
  lookedAt: { first: EventId; last: EventId } | undefined;
}

/** Fills a page with events that pass: reads on until it is full, or the range is at its end. */
export async function fillPage(
  { order, from, to, limit, passes, mostLookedAt = Infinity }: PageRequest,
  read: (range: ReadRange) => Promise<ReadResult>,
): Promise<FilledPage> {
  const range = { from, to, order, maxBytes: READ_BYTES };
  const page: FilledPage = { events: [], next: undefined, lookedAt: undefined };
  const look = (position: EventId) => {
    page.lookedAt = { first: page.lookedAt?.first ?? position, last: position };
  };
  let bytes = 0;
  let looked = 0;
  for (;;) {
    const most = passes ? READ_EVENTS : Math.min(READ_EVENTS, limit + 1 - page.events.length);
    const { events, reached, complete } = await read({ ...range, limit: most });
    for (const event of events) {
      if (!passes || passes(event)) {
        bytes += event.json.length;
        const isFull = page.events.length === limit || (page.events.length > 0 && bytes > MAX_PAGE_BYTES);
        if (isFull) return { ...page, next: event.position };
        page.events.push(event);
      }
      look(event.position);
    }
    if (reached) look(reached);
    if (complete || !reached) return page;
    looked += events.length;
    // The neighbour's number is known, and its time is not further away than this one's.
    if (looked >= mostLookedAt)
      return { ...page, next: { ms: reached.ms, sequence: reached.sequence + (order === 'asc' ? 1 : -1) } };
    range[order === 'asc' ? 'from' : 'to'] = `(${formatEventId(reached)}`;
  }
}

/** @throws InvalidEventIdError */
export function boundary(text: string, name: string): string {
  if (text === '-' || text === '+' || tryParseEventId(text)) return text;
  throw new InvalidEventIdError(name, '<milliseconds>-<sequence>, like 1795279279000-42, or - or +');
}

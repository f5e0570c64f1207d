import { InvalidEventIdError, RunstreamError } from '../../common/index.js';
import type { EncodedEvent } from '../../event-store/index.js';
import { type EventId, formatEventId, tryParseEventId } from '../../events/index.js';

/** A page ends early when its events reach this, or when this was looked at for events that pass. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;
/** What one call to Redis may bring, and so about what is held of a page at a time. */
export const READ_BYTES = 1024 * 1024;
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

/** How a page has ended. */
export interface PageEnd {
  /** Where the next page begins; undefined on the last. */
  next: EventId | undefined;
  /** The first and the last entry that this page has looked at. */
  lookedAt: { first: EventId; last: EventId } | undefined;
}

/**
 * Fills a page with events that pass, and gives them as they are read, so that they can be sent on: it reads on until
 * the page is full, or the range is at its end. What goes wrong after the first events ends the page early.
 */
export async function* fillPage(
  { order, from, to, limit, passes, mostLookedAt = Infinity }: PageRequest,
  read: (range: ReadRange) => Promise<ReadResult>,
): AsyncGenerator<EncodedEvent[], PageEnd, undefined> {
  const range = { from, to, order, maxBytes: READ_BYTES };
  let lookedAt: PageEnd['lookedAt'];
  let count = 0;
  let bytes = 0;
  let looked = 0;
  let bytesLookedAt = 0;
  for (;;) {
    const most = passes ? READ_EVENTS : Math.min(READ_EVENTS, limit + 1 - count);
    let result: ReadResult;
    try {
      result = await read({ ...range, limit: most });
    } catch (error) {
      if (!lookedAt || !(error instanceof RunstreamError)) throw error;
      return { next: behind(lookedAt.last, order), lookedAt };
    }
    const { events, reached, complete } = result;
    const given: EncodedEvent[] = [];
    for (const event of events) {
      const size = Buffer.byteLength(event.json);
      bytesLookedAt += size;
      if (!passes || passes(event)) {
        bytes += size;
        if (count === limit || (count > 0 && bytes > MAX_PAGE_BYTES)) {
          if (given.length > 0) yield given;
          return { next: event.position, lookedAt };
        }
        count++;
        given.push(event);
      }
      lookedAt = { first: lookedAt?.first ?? event.position, last: event.position };
    }
    if (given.length > 0) yield given;
    if (reached) lookedAt = { first: lookedAt?.first ?? reached, last: reached };
    if (complete || !reached) return { next: undefined, lookedAt };
    looked += events.length;
    if (looked >= mostLookedAt || bytesLookedAt >= MAX_PAGE_BYTES)
      return { next: behind(reached, order), lookedAt };
    range[order === 'asc' ? 'from' : 'to'] = `(${formatEventId(reached)}`;
  }
}

/** The neighbour's number is known, and its time is not further away than this one's. */
function behind({ ms, sequence }: EventId, order: 'asc' | 'desc'): EventId {
  return { ms, sequence: sequence + (order === 'asc' ? 1 : -1) };
}

/** @throws InvalidEventIdError */
export function boundary(text: string, name: string): string {
  if (text === '-' || text === '+' || tryParseEventId(text)) return text;
  throw new InvalidEventIdError(name, '<milliseconds>-<sequence>, like 1795279279000-42, or - or +');
}

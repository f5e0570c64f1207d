import { InvalidEventIdError, RunstreamError } from '../../common/index.js';
import { type EncodedEvent, formatJournalCursor, parseJournalCursor } from '../../event-store/index.js';
import { type EventId, tryParseEventId } from '../../events/index.js';

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
  /** The id of the last entry that was read, also if it can't be shown. */
  reached: string | undefined;
  /** Whether nothing follows in the range. */
  complete: boolean;
  /** Where the reading began, if the first event does not tell. */
  entered?: string | undefined;
  /** Whether ids are positions in several partitions: then an event's id does not tell where a page begins with it. */
  isMerged?: boolean;
}

/** How a page has ended. */
export interface PageEnd {
  /** Where the next page begins; undefined on the last. */
  next: string | undefined;
  /** The first and the last entry that this page has looked at. */
  lookedAt: { first: string; last: string } | undefined;
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
    const { events, reached, complete, entered, isMerged = false } = result;
    const given: EncodedEvent[] = [];
    for (const event of events) {
      const size = Buffer.byteLength(event.json);
      bytesLookedAt += size;
      if (!passes || passes(event)) {
        bytes += size;
        if (count === limit || (count > 0 && bytes > MAX_PAGE_BYTES)) {
          if (given.length > 0) yield given;
          return { next: pageStart(event, lookedAt?.last, order, isMerged), lookedAt };
        }
        count++;
        given.push(event);
      }
      lookedAt = { first: lookedAt?.first ?? entered ?? event.id, last: event.id };
    }
    if (given.length > 0) yield given;
    if (reached !== undefined) lookedAt = { first: lookedAt?.first ?? entered ?? reached, last: reached };
    if (complete || reached === undefined) return { next: undefined, lookedAt };
    looked += events.length;
    if (looked >= mostLookedAt || bytesLookedAt >= MAX_PAGE_BYTES)
      return { next: behind(reached, order), lookedAt };
    range[order === 'asc' ? 'from' : 'to'] = `(${reached}`;
  }
}

/** Where a page begins with an event: that of a merged journal is the next behind the one before it. */
export function pageStart(
  event: EncodedEvent,
  before: string | undefined,
  order: 'asc' | 'desc',
  isMerged: boolean,
): string {
  return isMerged && before !== undefined ? behind(before, order) : event.id;
}

/** The neighbour's number is known, and its time is not further away than this one's. */
function behind(id: string, order: 'asc' | 'desc'): string {
  return formatJournalCursor(parseJournalCursor(id).map((position) => neighbour(position, order)));
}

function neighbour({ ms, sequence }: EventId, order: 'asc' | 'desc'): EventId {
  return { ms, sequence: Math.max(sequence + (order === 'asc' ? 1 : -1), 0) };
}

/** @throws InvalidEventIdError */
export function boundary(
  text: string,
  name: string,
  tryParse: (text: string) => unknown = tryParseEventId,
): string {
  if (text === '-' || text === '+' || tryParse(text)) return text;
  throw new InvalidEventIdError(name, '<milliseconds>-<sequence>, like 1795279279000-42, or - or +');
}

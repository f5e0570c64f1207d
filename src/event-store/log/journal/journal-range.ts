import { BEGINNING, type EventId, formatEventId } from '../../../events/index.js';
import type { EncodedEvent } from '../encoded-event.js';
import type { LogRange } from '../event-store.js';
import { formatJournalCursor, type JournalCursor, parseJournalCursor, positionIn } from './journal-cursor.js';
import type { JournalPage } from './journal-page.js';

/** Part of a tenant's journal. Each of its events is under the id that says where its reader stands in all partitions. */
export interface JournalRange {
  events: EncodedEvent[];
  /** The last ids that the journal gave. */
  last: string;
  /** What was looked at up to; undefined when nothing was. */
  reached: string | undefined;
  /** The first that was looked at, in each partition. */
  entered: string | undefined;
  /** Whether the events reach the end of the range. */
  complete: boolean;
  /** Whether its ids are positions in several partitions. */
  isMerged: boolean;
}

/** What was read of one partition, and how far it was taken. */
interface Part {
  page: JournalPage;
  taken: number;
  /** Before anything was taken. */
  start: EventId;
}

/**
 * Reads a range of all partitions: as many events of each as may be needed, and then those that come first, by their
 * times. What was read and comes later is read again by the next call, which goes on at `reached`.
 *
 * @param count partitions there are; a cursor may know more
 */
export async function readJournalRange(
  count: number,
  range: LogRange,
  read: (partition: number, range: LogRange) => Promise<JournalPage>,
): Promise<JournalRange> {
  const [from, to] = [readBound(range.from), readBound(range.to)];
  const partitions = Math.max(count, from.cursor?.length ?? 0, to.cursor?.length ?? 0);
  if (partitions === 1) return ofOne(await read(0, range));
  const maxBytes = Math.ceil(range.maxBytes / partitions);
  const pages = await Promise.all(
    Array.from({ length: partitions }, (_, i) =>
      read(i, { ...range, maxBytes, from: lowerIn(from, i), to: upperIn(to, i) }),
    ),
  );
  const parts = pages.map((page, i): Part => ({
    page,
    taken: 0,
    start: range.order === 'asc' ? startAfter(from, i) : startBefore(to, i, page.last),
  }));
  const events = merge(parts, range.order, range.limit);
  return {
    events,
    last: formatJournalCursor(pages.map(({ last }) => last)),
    reached: pages.some(({ reached }) => reached) ? formatJournalCursor(parts.map(positionOf)) : undefined,
    entered: formatJournalCursor(
      pages.map(({ events: [first], reached, trimmed }) => first?.position ?? reached ?? trimmed),
    ),
    complete: parts.every((part) => part.page.complete && isEmpty(part)),
    isMerged: true,
  };
}

function ofOne({ events, last, reached, complete }: JournalPage): JournalRange {
  return {
    events,
    last: formatEventId(last),
    reached: reached && formatEventId(reached),
    entered: undefined,
    complete,
    isMerged: false,
  };
}

function merge(parts: readonly Part[], order: 'asc' | 'desc', limit: number): EncodedEvent[] {
  const events: EncodedEvent[] = [];
  const sign = order === 'asc' ? 1 : -1;
  while (events.length < limit) {
    // What comes next there is not known.
    if (parts.some((part) => isEmpty(part) && !part.page.complete)) break;
    let next: Part | undefined;
    let nextMs = 0;
    for (const part of parts) {
      const event = part.page.events[part.taken];
      if (!event || (next && sign * (event.position.ms - nextMs) >= 0)) continue;
      [next, nextMs] = [part, event.position.ms];
    }
    const event = next?.page.events[next.taken];
    if (!next || !event) break;
    next.taken++;
    events.push({ ...event, id: formatJournalCursor(parts.map(positionOf)) });
  }
  return events;
}

function isEmpty({ page, taken }: Part): boolean {
  return taken === page.events.length;
}

/** Up to where it is looked at. Entries that can't be shown may lie behind the last event. */
function positionOf(part: Part): EventId {
  const { page, taken, start } = part;
  if (isEmpty(part)) return page.reached ?? start;
  return page.events[taken - 1]?.position ?? start;
}

interface Bound {
  /** Undefined: there is none. */
  cursor: JournalCursor | undefined;
  isExclusive: boolean;
}

function readBound(text: string): Bound {
  if (text === '-' || text === '+') return { cursor: undefined, isExclusive: false };
  const isExclusive = text.startsWith('(');
  return { cursor: parseJournalCursor(isExclusive ? text.slice(1) : text), isExclusive };
}

function lowerIn({ cursor, isExclusive }: Bound, partition: number): string {
  if (!cursor) return '-';
  return `${isExclusive ? '(' : ''}${formatEventId(positionIn(cursor, partition))}`;
}

/** Nothing lies before the beginning, and Redis takes it for a mistake to ask for it. */
function upperIn({ cursor, isExclusive }: Bound, partition: number): string {
  if (!cursor) return '+';
  const id = positionIn(cursor, partition);
  return `${isExclusive && (id.ms > 0 || id.sequence > 0) ? '(' : ''}${formatEventId(id)}`;
}

/** Of a reader that has nothing of the range yet, forwards. */
function startAfter({ cursor, isExclusive }: Bound, partition: number): EventId {
  if (!cursor) return BEGINNING;
  const id = positionIn(cursor, partition);
  return isExclusive ? id : { ms: id.ms, sequence: Math.max(id.sequence - 1, 0) };
}

/** The same backwards. */
function startBefore({ cursor, isExclusive }: Bound, partition: number, last: EventId): EventId {
  const id = cursor ? positionIn(cursor, partition) : last;
  return cursor && isExclusive ? id : { ms: id.ms, sequence: id.sequence + 1 };
}

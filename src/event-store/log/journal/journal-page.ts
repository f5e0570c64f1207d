import {
  BEGINNING,
  compareEventIds,
  type EventId,
  parseEventId,
  sameEventId,
} from '../../../events/index.js';
import { type EncodedEvent, toJournaledEvent } from '../encoded-event.js';
import { type JournalEntry, type RawEntry, readJournalEntry } from '../log-entry.js';
import type { CursorLoss } from '../log-page.js';

/** What read-journal.lua answers. */
type Reply = [
  last: string,
  trimmed: string,
  complete: '0' | '1',
  found: '0' | '1',
  before: string,
  after: string,
  oldest: string,
  entries: RawEntry<string | Buffer>[],
];

/** Part of a tenant's journal. */
export interface JournalPage {
  /** The last id that the journal gave; the beginning when it gave none. */
  last: EventId;
  /** The last id that was trimmed; the beginning without one. */
  trimmed: EventId;
  /** Whether the events reach the end of the range. */
  complete: boolean;
  /** The id of the last entry of this page, which may be none that can be shown. */
  reached: EventId | undefined;
  /** The oldest event still there; only given when the cursor that was looked for is not. */
  first: EventId | undefined;
  /** What became of the cursor that was looked for. */
  loss: CursorLoss;
  events: EncodedEvent[];
}

export function readJournalPage(tenantId: string, cursor: EventId | undefined, reply: unknown): JournalPage {
  const [last, trimmed, complete, found, before, after, oldest, entries] = reply as Reply;
  const page = { last: idOr(last, BEGINNING), trimmed: idOr(trimmed, BEGINNING) };
  return {
    ...page,
    complete: complete === '1',
    reached: idOr(entries.at(-1)?.[0] ?? '', undefined),
    first: idOr(oldest, undefined),
    loss:
      cursor === undefined || found === '1'
        ? { kind: 'none' }
        : explainJournalCursor(cursor, {
            ...page,
            before: idOr(before, undefined),
            after: idOr(after, undefined),
          }),
    events: entries.flatMap((entry) => {
      const read = tryRead(entry);
      return read ? [toJournaledEvent(tenantId, read)] : [];
    }),
  };
}

/**
 * Tells a cursor whose entry was trimmed, or deleted together with its run, from one that is not of this journal.
 *
 * Both halves of an id only ever grow. So an entry that was deleted lay between its neighbours in both, and one that
 * was trimmed not behind the last that was trimmed. What Redis took back had an older time than what came in its
 * place under the same number.
 */
export function explainJournalCursor(
  cursor: EventId,
  known: Pick<JournalPage, 'last' | 'trimmed'> & { before: EventId | undefined; after: EventId | undefined },
): CursorLoss {
  const { last, trimmed, before = trimmed, after } = known;
  if (sameEventId(cursor, trimmed) || sameEventId(cursor, last)) return { kind: 'none' };
  if (compareEventIds(cursor, last) > 0) return { kind: 'diverged' };
  if (isBetween(BEGINNING, cursor, trimmed) || (sameEventId(cursor, BEGINNING) && trimmed.sequence > 0)) {
    return { kind: 'trimmed', missed: trimmed.sequence - cursor.sequence };
  }
  return isBetween(before, cursor, after ?? last) ? { kind: 'none' } : { kind: 'diverged' };
}

/** In both halves: times may be the same, numbers never are. */
function isBetween(low: EventId, id: EventId, high: EventId): boolean {
  return low.sequence < id.sequence && id.sequence < high.sequence && low.ms <= id.ms && id.ms <= high.ms;
}

/** An entry that nobody of ours wrote is passed over: it must not end the stream of all who watch. */
function tryRead(entry: RawEntry<string | Buffer>): JournalEntry<string | Buffer> | undefined {
  try {
    return readJournalEntry(entry);
  } catch {
    return undefined;
  }
}

function idOr<T>(text: string, otherwise: T): EventId | T {
  return text === '' ? otherwise : parseEventId(text);
}

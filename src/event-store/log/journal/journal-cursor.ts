import { InvalidEventIdError } from '../../../common/index.js';
import { BEGINNING, type EventId, formatEventId, tryParseEventId } from '../../../events/index.js';
import { MOST_PARTITIONS } from '../../partitions/partition-tag.js';

/**
 * Where a reader of a tenant's journal stands: a position in each of its partitions, in their order. One that was given
 * when there were fewer partitions is shorter: in the new ones its reader stands at the beginning.
 */
export type JournalCursor = readonly EventId[];

const SEPARATOR = '.';

/** Undefined when `text` is none in its canonical form. */
export function tryParseJournalCursor(text: string): JournalCursor | undefined {
  const ids = text.split(SEPARATOR, MOST_PARTITIONS + 1).map(tryParseEventId);
  if (ids.length > MOST_PARTITIONS || !ids.every((id) => id !== undefined)) return undefined;
  return ids;
}

/** @throws InvalidEventIdError, which calls the input by `name`. */
export function parseJournalCursor(text: string, name = 'The cursor'): JournalCursor {
  const cursor = tryParseJournalCursor(text);
  if (!cursor) throw new InvalidEventIdError(name);
  return cursor;
}

/** One position alone looks like the id of an event. */
export function formatJournalCursor(cursor: JournalCursor): string {
  return cursor.map(formatEventId).join(SEPARATOR);
}

/** The position in one of the partitions. */
export function positionIn(cursor: JournalCursor, partition: number): EventId {
  return cursor[partition] ?? BEGINNING;
}

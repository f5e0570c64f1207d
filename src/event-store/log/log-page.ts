import {
  BEGINNING,
  compareEventIds,
  type EventId,
  parseEventId,
  type RunStatus,
  sameEventId,
} from '../../events/index.js';
import { RunNotFoundError } from '../../common/index.js';
import { type EncodedEvent, toEncodedEvent } from './encoded-event.js';
import { type RawEntry, readEntry } from './log-entry.js';

/** Part of a run's log, and where the run stood when it was read. */
export interface LogPage {
  status: RunStatus;
  /** The last event of the run; the beginning when it has none. */
  last: EventId;
  /** Whether the id that was looked for is in the log. */
  found: boolean;
  /** The oldest event still in the log; only given when the id that was looked for is not. */
  first: EventId | undefined;
  events: EncodedEvent[];
}

type Reply =
  | [0]
  | [
      1,
      status: RunStatus,
      sequence: string,
      lastMs: string,
      found: 0 | 1,
      first: string,
      entries: RawEntry<string | Buffer>[],
    ];

/** What locate.lua answers. @throws RunNotFoundError */
export function readLocation(reply: unknown): Pick<LogPage, 'status' | 'last'> & { length: number } {
  const [exists, status, sequence, lastMs, length] = reply as
    [0] | [1, status: RunStatus, sequence: string, lastMs: string, length: number];
  if (!exists) throw new RunNotFoundError();
  return { status, last: lastOf(sequence, lastMs), length };
}

function lastOf(sequence: string, lastMs: string): EventId {
  return Number(sequence) === 0 ? BEGINNING : { ms: Number(lastMs), sequence: Number(sequence) };
}

/** @throws RunNotFoundError */
export function readLogPage(tenantId: string, runId: string, reply: unknown): LogPage {
  const [exists, status, sequence, lastMs, found, first, entries] = reply as Reply;
  if (!exists) throw new RunNotFoundError();
  return {
    status,
    last: lastOf(sequence, lastMs),
    found: found === 1,
    first: first === '' ? undefined : parseEventId(first),
    events: entries.map((entry) => toEncodedEvent(tenantId, runId, readEntry(entry))),
  };
}

/** What a cursor means in a log in which it can't be found. */
export type CursorLoss =
  /** Nothing is missing: the next event is the oldest there is. */
  { kind: 'none' } | { kind: 'trimmed'; missed: number } | { kind: 'diverged' };

/**
 * Tells a cursor whose event was trimmed from one that is not of this log. Both halves of an id only ever grow, so
 * that a trimmed cursor comes before the oldest event in both.
 */
export function explainLostCursor(cursor: EventId, page: Pick<LogPage, 'first' | 'last'>): CursorLoss {
  const { first, last } = page;
  const next = first ?? { ms: last.ms, sequence: last.sequence + 1 };
  const isPast = compareEventIds(cursor, last) > 0 || cursor.sequence >= last.sequence;
  // The last event of a log that is now empty.
  if (!first && sameEventId(cursor, last)) return { kind: 'none' };
  if (isPast || cursor.sequence >= next.sequence || cursor.ms > next.ms) return { kind: 'diverged' };
  const missed = next.sequence - cursor.sequence - 1;
  return missed === 0 ? { kind: 'none' } : { kind: 'trimmed', missed };
}

/** The cursor of a reader that has everything before `event`. */
export function positionBefore(event: EventId): EventId {
  return event.sequence <= 1 ? BEGINNING : { ms: event.ms, sequence: event.sequence - 1 };
}

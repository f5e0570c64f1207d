import { type JournalEntry, type RawEntry, readJournalEntry } from '../../event-store/index.js';
import { parseEventId } from '../../events/index.js';
import type { Begun } from '../delivery/lease.js';

/** An entry of the journal, or of the redrives. */
export interface GroupEntry extends JournalEntry {
  /** Of a redrive that waited for more than an hour: the source that it had left for that. */
  waitedFrom?: 'journal' | 'redrive';
}

/** An entry that was taken. */
export interface TakenEntry {
  entry: GroupEntry;
  /** Its attempt, where that began with the entry being taken. */
  begun: Begun | undefined;
}

/** What was taken. */
export interface Taken {
  /** When the next delay is over, in milliseconds from now; undefined without one. */
  nextMs: number | undefined;
  /** Entries that were dead-lettered, since their bodies are gone. */
  buried: number;
  /** There is more, or may be. */
  hasMore: boolean;
  entries: TakenEntry[];
}

export interface Page {
  /** Where to go on; undefined at the end. */
  next: string | undefined;
  /** Entries that were dead-lettered, since their bodies are gone. */
  buried: number;
  entries: GroupEntry[];
}

export function toPage(next: string, buried: number, entries: RawEntry[]): Page {
  return { next: next === '' ? undefined : next, buried, entries: entries.map(toGroupEntry) };
}

/** What can't be read becomes an entry without a type, so that it ends in the dead letters and not in the way. */
export function toGroupEntry(raw: RawEntry): GroupEntry {
  const entry = toJournalEntry(raw);
  // As later.lua writes it: the entry of the journal comes first.
  const [, [first, , second, from]] = raw;
  if (first !== 'o' || second !== 'l') return entry;
  return { ...entry, waitedFrom: from === 'journal' ? 'journal' : 'redrive' };
}

function toJournalEntry(raw: RawEntry): JournalEntry {
  try {
    return readJournalEntry(raw);
  } catch {
    return bareEntry(raw[0]);
  }
}

/** An entry of which only the id is known. */
export function bareEntry(id: string): JournalEntry {
  const position = parseEventId(id);
  const event = { id, position, type: '', body: '', timestamp: undefined, key: undefined, ends: undefined };
  return { id, position, runId: '', event };
}

import { type JournalEntry, type RawEntry, readJournalEntry } from '../../event-store/index.js';
import { parseEventId } from '../../events/index.js';
import type { Begun } from '../delivery/lease.js';

/** An entry that was taken. */
export interface TakenEntry {
  entry: JournalEntry;
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
  entries: JournalEntry[];
}

export function toPage(next: string, buried: number, entries: RawEntry[]): Page {
  return { next: next === '' ? undefined : next, buried, entries: entries.map(toJournalEntry) };
}

/** What can't be read becomes an entry without a type, so that it ends in the dead letters and not in the way. */
export function toJournalEntry(raw: RawEntry): JournalEntry {
  try {
    return readJournalEntry(raw);
  } catch {
    const position = parseEventId(raw[0]);
    const event = {
      id: raw[0],
      position,
      type: '',
      body: '',
      timestamp: undefined,
      key: undefined,
      ends: undefined,
    };
    return { id: raw[0], position, runId: '', event };
  }
}

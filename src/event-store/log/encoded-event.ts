import { encodeEvent, type EventId, type LogEntry, type TerminalStatus } from '../../events/index.js';
import type { JournalEntry } from './log-entry.js';

/** An event as readers get it: turned into JSON once, and shared by all of them. */
export interface EncodedEvent {
  /** Its id in the log that is read: the run's, or the journal's own. */
  readonly id: string;
  readonly position: EventId;
  readonly type: string;
  readonly runId: string;
  /** The whole event on one line; of a large one the bytes, as Redis gave them. */
  readonly json: string | Buffer;
  /** Set on the event after which nothing follows in the log that is read. */
  readonly ends: TerminalStatus | undefined;
}

export function toEncodedEvent(
  tenantId: string,
  runId: string,
  entry: LogEntry<string | Buffer>,
): EncodedEvent {
  return {
    id: entry.id,
    position: entry.position,
    type: entry.type,
    runId,
    json: encodeEvent(tenantId, runId, entry),
    ends: entry.ends,
  };
}

/** The same for the journal, which goes on when a run ends. The event's own id stays in its JSON. */
export function toJournaledEvent(tenantId: string, entry: JournalEntry<string | Buffer>): EncodedEvent {
  return {
    ...toEncodedEvent(tenantId, entry.runId, entry.event),
    id: entry.id,
    position: entry.position,
    ends: undefined,
  };
}

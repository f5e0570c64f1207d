import { encodeEvent, type EventId, type LogEntry, type TerminalStatus } from '../events/index.js';

/** An event as readers get it: turned into JSON once, and shared by all of them. */
export interface EncodedEvent {
  readonly id: string;
  readonly position: EventId;
  readonly type: string;
  /** The whole event on one line. */
  readonly json: string;
  /** Set on the event that ended its run. */
  readonly ends: TerminalStatus | undefined;
}

export function toEncodedEvent(tenantId: string, runId: string, entry: LogEntry): EncodedEvent {
  return {
    id: entry.id,
    position: entry.position,
    type: entry.type,
    json: encodeEvent(tenantId, runId, entry),
    ends: entry.ends,
  };
}

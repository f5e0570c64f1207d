import { type EventId, type LogEntry, parseEventId, type TerminalStatus } from '../../events/index.js';

/** An entry as Redis gives it: its id, then field, value, field, value. */
export type RawEntry = [id: string, fields: string[]];

/** The field names are short since every entry of a stream carries them; write-events.lua writes them. */
export function readEntry([id, fields]: RawEntry): LogEntry {
  const entry: LogEntry = {
    id,
    position: parseEventId(id),
    type: '',
    body: '',
    timestamp: undefined,
    key: undefined,
    ends: undefined,
  };
  for (let i = 0; i < fields.length; i += 2) {
    const value = fields[i + 1] ?? '';
    switch (fields[i]) {
      case 't':
        entry.type = value;
        break;
      case 'e':
        entry.body = value;
        break;
      case 'at':
        entry.timestamp = value;
        break;
      case 'k':
        entry.key = value;
        break;
      case 'end':
        entry.ends = value as TerminalStatus;
        break;
      default:
        break;
    }
  }
  return entry;
}

/** An entry of the journal: an event of any run of the tenant. */
export interface JournalEntry {
  /** The journal's own id; the event's is `event.id`. */
  id: string;
  position: EventId;
  runId: string;
  event: LogEntry;
}

/** The journal's fields are those of the log, with the run (`r`) and the event's id (`i`) before them. */
export function readJournalEntry([id, fields]: RawEntry): JournalEntry {
  return {
    id,
    position: parseEventId(id),
    runId: fieldOf(fields, 'r'),
    event: readEntry([fieldOf(fields, 'i'), fields]),
  };
}

function fieldOf(fields: readonly string[], name: string): string {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1] ?? '';
  throw new TypeError(`The entry has no field "${name}".`);
}

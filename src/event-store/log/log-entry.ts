import { type EventId, type LogEntry, parseEventId, type TerminalStatus } from '../../events/index.js';

/** An entry as Redis gives it: its id, then field, value, field, value. Only a body is ever so large as to be bytes. */
export type RawEntry<Body extends string | Buffer = string> = [id: string, fields: (string | Body)[]];

/** The field names are short since every entry of a stream carries them; write-events.lua writes them. */
export function readEntry<Body extends string | Buffer = string>([id, fields]: RawEntry<Body>): LogEntry<
  string | Body
> {
  const entry: LogEntry<string | Body> = {
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
        entry.type = textOf(value);
        break;
      case 'e':
        entry.body = value;
        break;
      case 'at':
        entry.timestamp = textOf(value);
        break;
      case 'k':
        entry.key = textOf(value);
        break;
      case 'end':
        entry.ends = textOf(value) as TerminalStatus;
        break;
      default:
        break;
    }
  }
  return entry;
}

/** An entry of the journal: an event of any run of the tenant. */
export interface JournalEntry<Body extends string | Buffer = string> {
  /** The journal's own id; the event's is `event.id`. */
  id: string;
  position: EventId;
  runId: string;
  event: LogEntry<string | Body>;
}

/** The journal's fields are those of the log, with the run (`r`) and the event's id (`i`) before them. */
export function readJournalEntry<Body extends string | Buffer = string>([
  id,
  fields,
]: RawEntry<Body>): JournalEntry<Body> {
  return {
    id,
    position: parseEventId(id),
    runId: fieldOf(fields, 'r'),
    event: readEntry([fieldOf(fields, 'i'), fields]),
  };
}

function textOf(value: string | Buffer): string {
  return typeof value === 'string' ? value : value.toString();
}

function fieldOf(fields: readonly (string | Buffer)[], name: string): string {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return textOf(fields[i + 1] ?? '');
  throw new TypeError(`The entry has no field "${name}".`);
}

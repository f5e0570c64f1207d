import { type LogEntry, parseEventId, type TerminalStatus } from '../events/index.js';

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
    }
  }
  return entry;
}

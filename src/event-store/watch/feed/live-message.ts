import { type EventId, type LogEntry, parseEventId, type TerminalStatus } from '../../../events/index.js';

/** What an append, or a deletion, tells the watchers of a run (write-events.lua, delete.lua). */
export type LiveMessage =
  | { kind: 'deleted' }
  /** `entries` is empty when the batch was too large to be sent: it is in the log. */
  | { kind: 'appended'; first: EventId; last: EventId; entries: LogEntry[] };

const NONE = '-';

/** The first line holds the first and the last id; then, for each event, a line of fields and one with its body. */
export function readLiveMessage(text: string): LiveMessage {
  if (text === 'deleted') return { kind: 'deleted' };
  const lines = text.split('\n');
  const [first = '', last = ''] = (lines[0] ?? '').split(' ');
  const entries: LogEntry[] = [];
  for (let i = 1; i + 1 < lines.length; i += 2) {
    entries.push(readFields(lines[i] ?? '', lines[i + 1] ?? ''));
  }
  return { kind: 'appended', first: parseEventId(first), last: parseEventId(last), entries };
}

function readFields(line: string, body: string): LogEntry {
  const [id = '', type = '', timestamp = NONE, ends = NONE] = line.split(' ', 4);
  // The key comes last since it may hold spaces.
  const key = line.slice(id.length + type.length + timestamp.length + ends.length + 4);
  return {
    id,
    position: parseEventId(id),
    type,
    body,
    timestamp: timestamp === NONE ? undefined : timestamp,
    key: key === NONE ? undefined : key,
    ends: ends === NONE ? undefined : (ends as TerminalStatus),
  };
}

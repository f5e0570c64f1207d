import type { EventId, TerminalStatus } from '../../events/index.js';
import type { EncodedEvent } from '../log/encoded-event.js';
import type { JournalCursor } from '../log/journal/journal-cursor.js';
import type { ProvisionalEvent } from '../log/provisional-event.js';

/**
 * What a watcher of a log is told (docs/protocol.md, section 3.3). `cursor` is always the position to resume from
 * once the signal was seen.
 */
export type WatchSignal = {
  /** Of a journal in several partitions; undefined otherwise. */
  across?: Across;
} &
  /** The next events in order. Watchers share the array: it may be a key for what was encoded from it. */
  (
    | { kind: 'events'; cursor: EventId; events: readonly EncodedEvent[] }
    /** Events that this process holds until Redis is back; shared like `events`. */
    | { kind: 'provisional'; cursor: EventId; events: readonly ProvisionalEvent[] }
    /** Where the watcher stands, though it saw no event that says so. */
    | { kind: 'cursor'; cursor: EventId }
    /** All is well. `announce`: a filter hides events, so only this tells the watcher where it stands. */
    | { kind: 'heartbeat'; cursor: EventId; announce: boolean }
    | ({ kind: 'gap'; cursor: EventId } & Gap)
    | { kind: 'close'; cursor: EventId; reason: 'ended'; status: TerminalStatus }
    | { kind: 'close'; cursor: EventId; reason: 'deleted' }
  );

/** Where a watcher of a journal in several partitions stands: `cursor` itself is the position in the one it is about. */
export interface Across {
  partition: number;
  /** To resume from. */
  cursor: JournalCursor;
}

/** What follows does not continue what the watcher holds. @publicApi */
export interface Gap {
  /** `trimmed`: events are no longer there. `diverged`: the cursor is not of this log. */
  reason: 'trimmed' | 'diverged';
  /** The watcher's cursor; undefined when it asked for the beginning. */
  after: EventId | undefined;
  firstAvailable: EventId | undefined;
  /** How many events are missing; undefined when that can't be known. */
  missed: number | undefined;
}

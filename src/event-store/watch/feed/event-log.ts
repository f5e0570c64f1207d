import type { EventId, TerminalStatus } from '../../../events/index.js';
import type { ReadFor } from '../../../redis/index.js';
import type { EncodedEvent } from '../../log/encoded-event.js';
import type { CursorLoss } from '../../log/log-page.js';

/** A log with a head, to be followed: a run's, or a tenant's journal. */
export interface EventLog {
  /** The pub/sub channel that tells what is appended. */
  readonly channel: string;
  /**
   * What comes after a cursor.
   *
   * @throws RunNotFoundError when the log is gone, RedisUnavailableError
   */
  read(options: SliceOptions): Promise<LogSlice>;
  /** What a message on the channel says. */
  readMessage(text: string): LogMessage;
}

export interface SliceOptions {
  after: EventId;
  /** Most events. Default 1000. */
  limit?: number;
  /** Most bytes of events; one event is given in any case. Default 256 KiB. */
  maxBytes?: number;
  /** For whom. Default: for all who watch the log. */
  reader?: ReadFor;
}

/** Part of a log after a cursor, and what became of the cursor. */
export interface LogSlice {
  loss: CursorLoss;
  /** The last id that the log gave; the beginning when it gave none. */
  last: EventId;
  /** The oldest event still there; only given when the cursor itself is not. */
  first: EventId | undefined;
  /** The cursor of a reader that begins with the oldest event there is. */
  floor: EventId;
  /**
   * Up to where the events of this slice are all there is, if that is further than the last of them: what follows
   * it was deleted.
   */
  upTo: EventId | undefined;
  /** How the log has ended, if it has. */
  ended: TerminalStatus | undefined;
  events: EncodedEvent[];
}

export type LogMessage =
  | { kind: 'deleted' }
  /** `events` is empty when the message only says which there are. */
  | { kind: 'appended'; first: EventId; last: EventId; events: readonly EncodedEvent[] };

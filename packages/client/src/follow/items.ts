import type { EndStatus, Gap, ProvisionalEvent, RunEvent } from '../types.js';
import type { RunstreamClientError } from '../errors.js';

/** The next event of the log. */
export interface EventItem {
  kind: 'event';
  event: RunEvent;
}

/** What follows does not continue what came before: `missed` events are gone, or, with `diverged`, the log is another one. */
export interface GapItem {
  kind: 'gap';
  gap: Gap;
}

/**
 * Said while the service's store was away, and not stored yet. The stored event follows with the same key; what is left
 * at the state `waiting` or at the end never was.
 */
export interface ProvisionalItem {
  kind: 'provisional';
  event: ProvisionalEvent;
}

/** How the client stands. */
export type StateItem =
  /** It reads pages of the past. */
  | { kind: 'state'; state: 'paging' }
  /** The stream is open. */
  | { kind: 'state'; state: 'streaming' }
  /** The stream is cut; it is opened again after `delayMs`. */
  | { kind: 'state'; state: 'waiting'; delayMs: number; cause: RunstreamClientError | undefined };

/** The last item: nothing follows in this log. */
export interface EndItem {
  kind: 'end';
  reason: 'ended' | 'deleted';
  /** How the run ended; undefined when it was deleted, or when its end was known before it was followed. */
  status: EndStatus | undefined;
}

export type FollowItem = EventItem | GapItem | ProvisionalItem | StateItem | EndItem;

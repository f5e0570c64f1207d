import type { RecordedEvent, TerminalStatus } from '../../events/index.js';

/** One frame of an event stream. */
export interface Frame {
  /** Default: none. */
  name?: string;
  /** On one line. */
  data: string;
  /** The cursor to come back with. Default: none. */
  id?: string;
}

/** Why a client can't be given all of a run. */
export type Loss = 'trimmed' | 'diverged' | 'deleted';

/**
 * Translates the events of a run, in their order, for one connection. What it gives follows from what it was given and
 * from nothing else, so that a second connection is given the same.
 */
export interface EventMapper {
  /** @param ends how the run ended, if this event is its last */
  event(event: RecordedEvent, ends: TerminalStatus | undefined): readonly Frame[];
  /**
   * Events are missing, or the run is gone.
   *
   * @param cursor where the stream goes on, if it does
   */
  lost(loss: Loss, cursor: string): readonly Frame[];
  /** After the last event, whose id this is. Default: nothing. */
  ended?(cursor: string): readonly Frame[];
  /** Where the stream begins, before anything else, if that is asked for. Default: nothing. */
  begins?(cursor: string): readonly Frame[];
}

export function dataFrame(data: unknown): Frame {
  return { data: JSON.stringify(data) };
}

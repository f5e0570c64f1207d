import { counted } from '../parts/format.js';

/** What came of an action on dead letters. */
export interface Outcome {
  /** Ids of those it was done to. */
  done: string[];
  /** Their events are trimmed: there is nothing to send back. */
  trimmed: string[];
  /** Somebody else was faster. */
  gone: string[];
  /** Not tried any more, since something failed that would fail for all. */
  left: number;
  trouble?: unknown;
}

/** As in `Redriven 12 dead letters. 2 can't be: their events are trimmed. 1 was gone.` */
export function sayOutcome(verb: 'Redriven' | 'Deleted', outcome: Outcome): string {
  const { done, trimmed, gone, left } = outcome;
  return [
    done.length > 0 || trimmed.length + gone.length + left === 0
      ? `${verb} ${counted(done.length, 'dead letter')}.`
      : undefined,
    trimmed.length > 0 ? `${trimmed.length} can’t be: trimmed, so there is nothing to send back.` : undefined,
    gone.length > 0 ? `${gone.length} ${gone.length === 1 ? 'was' : 'were'} gone already.` : undefined,
    left > 0 ? `${left} ${left === 1 ? 'was' : 'were'} not tried.` : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(' ');
}

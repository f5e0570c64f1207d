import type { Range } from '../store/run/ranges.js';
import type { RunLog } from '../store/run/run-log.js';

/** What of a run's events is here, by sequence. Counted from what came, never assumed. */
export interface Coverage {
  held: number;
  head: number;
  /** Before the first that is here: still to be read. */
  unread: Range | undefined;
  /** Not here, and not to come. */
  missing: readonly Range[];
  /** After the last that is here: said to be there, and on the way. */
  coming: number;
}

export interface Reading {
  /** Whether events from before are still being read, or could be. */
  hasUnread: boolean;
  /** Whether nothing follows any more. */
  isOver: boolean;
}

export function coverageOf(log: RunLog, { hasUnread, isOver }: Reading): Coverage {
  const { head } = log;
  const { count: held, first, last } = log.held;
  if (first === undefined || last === undefined) {
    const all = head > 0 ? { from: 1, to: head } : undefined;
    return {
      held,
      head,
      unread: hasUnread ? all : undefined,
      missing: all && isOver && !hasUnread ? [all] : [],
      coming: isOver ? 0 : head,
    };
  }
  const missing = log.held.missing(hasUnread ? first : 1, isOver ? head : last);
  return {
    held,
    head,
    unread: hasUnread && first > 1 ? { from: 1, to: first - 1 } : undefined,
    missing,
    coming: isOver ? 0 : head - last,
  };
}

export const sizeOfRange = ({ from, to }: Range): number => to - from + 1;

export const missed = ({ missing }: Coverage): number =>
  missing.reduce((sum, range) => sum + sizeOfRange(range), 0);

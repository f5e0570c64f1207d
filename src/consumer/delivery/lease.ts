import type { JournalEntry } from '../../event-store/index.js';
import type { Effect } from './effects.js';

/** An entry that this process has in hand. */
export interface Holding {
  entry: JournalEntry;
  /** Unlike that of any other holding, here or in another process. */
  holding: string;
  /** The owner's fence under which it was taken; '' when the group is not ordered. */
  fence: string;
}

/** An attempt that has begun. */
export interface Begun {
  kind: 'run';
  attempt: number;
  token: number;
  epoch: string;
  fence: string;
}

/** What became of an entry that was to begin. */
export type Beginning =
  | Begun
  /** It belongs to another consumer now. */
  | { kind: 'lost' }
  /** Its event was handled before. */
  | { kind: 'done' }
  /** The same event is being handled in another entry. */
  | { kind: 'elsewhere' }
  /** The process that handled it last died: it is to be begun with care, or alone when that was so before. */
  | { kind: 'suspect'; isAgain: boolean }
  | { kind: 'dead' };

/** What an attempt holds its entry by. */
export interface Lease {
  entry: JournalEntry;
  token: number;
  /** The replay epoch in which it was begun. */
  epoch: string;
  /** The owner's fence under which it was begun; '' when the group is not ordered. */
  fence: string;
}

export interface Outcome extends Lease {
  /** `release` and `limited` are no failures and count for nothing; a limit is waited for here. */
  kind: 'ok' | 'retry' | 'fail' | 'release' | 'limited';
  delayMs: number;
  error: string;
  effects: readonly Effect[];
}

/**
 * What settle.lua answers for an entry; `refused …` says why its effects can't be made. `failed`: nothing was recorded,
 * through a defect, and whoever finds the entry later tries again. `limited …` says in how many ms to try again what a
 * limit of the tenant did not let through.
 */
export type Settlement =
  'ok' | 'lost' | 'retry' | 'dead' | 'released' | 'failed' | `limited ${number}` | `refused ${string}`;

/** An event with a producer's key may come again in another entry: its run and key tell. '' without one. */
export function marker({ runId, event }: JournalEntry): string {
  return event.key === undefined ? '' : `${runId}:${event.key}`;
}

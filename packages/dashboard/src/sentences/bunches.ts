import { errorKey } from './error-key.js';
import type { DeadLetter } from './group-facts.js';

/** Dead letters of one group that have died of the same. */
export interface Bunch {
  key: string;
  group: string;
  /** Of the newest. */
  error: string;
  /** Newest first. */
  letters: DeadLetter[];
}

/** By group and by error with its numbers left out; that of the newest letter first. */
export function bunchesOf(letters: readonly DeadLetter[]): Bunch[] {
  const bunches = new Map<string, Bunch>();
  for (const letter of letters) {
    const { group, error } = letter;
    const key = `${group} ${errorKey(error)}`;
    const bunch = bunches.get(key);
    if (bunch) bunch.letters.push(letter);
    else bunches.set(key, { key, group, error, letters: [letter] });
  }
  return [...bunches.values()];
}

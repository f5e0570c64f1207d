/** A time in which something did not happen, in ms since the epoch. */
export interface Pause {
  from: number;
  to: number;
}

/** The longest time between two of these moments that ended after `since`; undefined when there were not two. */
export function longestPause(moments: readonly number[], since: number): Pause | undefined {
  let longest: Pause | undefined;
  let former: number | undefined;
  for (const at of [...moments].sort((a, b) => a - b)) {
    if (former !== undefined && at > since && (!longest || at - former > longest.to - longest.from)) {
      longest = { from: former, to: at };
    }
    former = at;
  }
  return longest;
}

import { type GroupFacts, leaseOf, workOf } from './group-facts.js';

/** Worst first. */
export const GROUP_STATES = ['stuck', 'behind', 'paused', 'quiet', 'fine'] as const;
export type GroupState = (typeof GROUP_STATES)[number];

/** Work that is younger is under way. */
const LATE_MS = 30_000;
/** Events per second below which a lag counts as steady. */
export const STEADY = 0.05;

/**
 * - `stuck`: events wait and nothing comes out
 * - `behind`: it works, and something is late or has failed
 * - `paused`: somebody stopped it
 * - `quiet`: nobody handles it, and nothing waits
 */
export function stateOf(facts: GroupFacts): GroupState {
  const { group } = facts;
  if (group.paused) return 'paused';
  if (!group.handled) return workOf(group) > 0 ? 'stuck' : 'quiet';
  const isLate = group.lag_ms > LATE_MS;
  if (group.lag > 0 && isLate && isAtRest(facts)) return 'stuck';
  if (isLate || group.delayed_retries > 0 || isHeldLong(facts) || (facts.growth ?? 0) >= 1) return 'behind';
  return 'fine';
}

/** Whether its oldest event is held for longer than it should be. */
export function isHeldLong({ group }: GroupFacts): boolean {
  const lease = leaseOf(group);
  return lease !== undefined && (group.oldest_pending_age_ms ?? 0) > Math.max(2 * lease, LATE_MS);
}

/** Whether nothing comes out. Without rates, a lag that does not shrink says so. */
function isAtRest({ out, growth }: GroupFacts): boolean {
  if (out !== undefined) return out === 0;
  return growth !== undefined && growth > -STEADY;
}

/** The worst first; of one state, what is latest. */
export function worstFirst(a: GroupFacts, b: GroupFacts): number {
  const rank = (facts: GroupFacts): number => GROUP_STATES.indexOf(stateOf(facts));
  return (
    rank(a) - rank(b) ||
    b.group.lag_ms - a.group.lag_ms ||
    b.group.dead_letters - a.group.dead_letters ||
    (a.group.group < b.group.group ? -1 : 1)
  );
}

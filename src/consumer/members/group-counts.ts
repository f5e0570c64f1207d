/** What processes of a group did in some time. */
export interface GroupCounts {
  /** Events that were handled with success. */
  handled: number;
  /** Attempts that failed, whether or not the event is tried again. */
  failed: number;
  /** Events that were dead-lettered. */
  dead: number;
}

export const NO_COUNTS: GroupCounts = { handled: 0, failed: 0, dead: 0 };

export function addCounts(a: GroupCounts, b: GroupCounts): GroupCounts {
  return { handled: a.handled + b.handled, failed: a.failed + b.failed, dead: a.dead + b.dead };
}

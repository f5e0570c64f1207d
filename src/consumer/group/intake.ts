import type { Partition, Visited, VisitTerms } from '../../stream-consumer/index.js';

/** Brings a group's entries of one partition to where they are handled. */
export interface Intake {
  /** How many more entries may be taken. */
  readonly room: number;
  /** Whether no other process takes anything there. */
  owns(partition: Partition): boolean;
  /** Nothing is left to do there. */
  rest(partition: Partition): Promise<void>;
  visit(partition: Partition, terms: VisitTerms): Promise<Visited>;
}

export function soonest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}

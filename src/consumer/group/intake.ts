import type { Visited, VisitTerms } from '../../stream-consumer/index.js';

/** Brings a group's entries of one tenant to where they are handled. */
export interface Intake {
  /** How many more entries may be taken. */
  readonly room: number;
  /** Whether no other process takes anything of this tenant. */
  owns(tenantId: string): boolean;
  /** Nothing is left to do there. */
  rest(tenantId: string): Promise<void>;
  visit(tenantId: string, terms: VisitTerms): Promise<Visited>;
}

export function soonest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}

import type { EventFilter } from '../../event-store/index.js';
import type { EventTypeFilter } from '../../events/index.js';

/** `a,b` as a set; undefined stays so. */
export function readRunIds(text: string | undefined): ReadonlySet<string> | undefined {
  return text === undefined ? undefined : new Set(text.split(','));
}

/** What passes by type and by run; undefined lets everything pass. */
export function journalFilter(
  types: EventTypeFilter | undefined,
  runs: ReadonlySet<string> | undefined,
): EventFilter | undefined {
  if (!types && !runs) return undefined;
  return ({ type, runId }) => (types?.(type) ?? true) && (runs?.has(runId) ?? true);
}

import type { EventStore } from '../../event-store/index.js';
import type { Settlement } from '../delivery/lease.js';

/** Counts what a limit of the tenant has refused, and gives the settlement without what only that needs. */
export function countLimited(settlement: Settlement, store: EventStore, tenantId: string): Settlement {
  const [state, ms = '', name, value = ''] = settlement.split(' ');
  if (state !== 'limited') return settlement;
  if (name !== undefined) store.limits.refused(tenantId, ['LIMIT', name, value, Number(ms)]);
  return `limited ${Number(ms)}`;
}

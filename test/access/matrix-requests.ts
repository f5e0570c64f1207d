const EVENT = { event: { category: 'log', action: 'stdout' }, source: { agent_id: 'a1' }, data: {} };

/** What is sent where a body is needed. */
export const BODIES: Readonly<Record<string, unknown>> = {
  'POST /executors/{name}/claims': { worker: 'matrix', claim_id: 'matrix', wait_seconds: 0 },
  'POST /consumers/{group}/deliveries': { worker: 'matrix', claim_id: 'matrix', wait_seconds: 0 },
  'POST /consumers/{group}/settlements': {
    settlements: [{ id: '0j.1-1', token: '1.x', outcome: 'success' }],
  },
  'POST /consumers/{group}/leases': { leases: [{ id: '0j.1-1', token: '1.x' }] },
  'POST /runs': { task: 'matrix' },
  'POST /runs/{run_id}/events': EVENT,
  'POST /runs/{run_id}/events/ndjson': EVENT,
  'PUT /tenants/{tenant}/limits': {},
  'POST /keys': { name: 'of the matrix', scopes: ['keys:admin'] },
  'POST /consumers/{group}/replay': { from: '2026-01-01T00:00:00Z' },
  'POST /dead-letters/redrive': { group: 'matrix' },
};
/** Queries without which a route refuses everybody. */
export const QUERIES: Readonly<Record<string, string>> = { 'DELETE /dead-letters': '?group=matrix' };
/** What a group or a dead letter that is not there answers, to who may ask. */
export const NOT_THERE =
  /\{(?:group|dead_letter_id|id)\}|\/claims$|^DELETE \/(?:dead-letters$|executors\/)|\/dead-letters\/redrive$/;

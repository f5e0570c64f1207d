/** With credentials and tenants on: both are in the types of all three clients. */
import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import { createClient as createHeyClient } from './generated/hey-api/client/index.js';
import { createRun, listKeys } from './generated/hey-api/sdk.gen.js';
import type { paths } from './generated/openapi-typescript.js';
import { listRuns } from './generated/orval.js';

const baseUrl = process.env['SERVICE_URL'] ?? '';
const token = process.env['SERVICE_KEY'] ?? '';
const tenant = { 'X-Org': 'acme' };

const hey = createHeyClient({ baseUrl, auth: (scheme) => (scheme.scheme === 'bearer' ? token : undefined) });
const created = await createRun({ client: hey, headers: tenant, body: { task: 'of acme' } });
assert.equal(created.data?.tenant_id, 'acme');
const keys = await listKeys({ client: hey });
assert.equal(keys.data?.keys[0]?.name, 'clients');

const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
const other = await client.GET('/runs', { params: { header: { 'X-Org': 'other' } } });
assert.equal(other.error?.code, 'FORBIDDEN');
const { run_id } = { run_id: created.data?.id ?? '' };
const ticket = await client.POST('/runs/{run_id}/stream-tickets', { params: { path: { run_id } }, body: {} });
assert.match(ticket.data?.url ?? '', /\?ticket=/);

const runs = await listRuns({ limit: 1 }, tenant, { headers: { Authorization: `Bearer ${token}` } });
assert.ok(runs.status === 200, JSON.stringify(runs.data));
assert.equal(runs.data.runs[0]?.id, run_id);
const nobody = await listRuns();
assert.ok(nobody.status === 401);

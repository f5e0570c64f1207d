import assert from 'node:assert/strict';
import { expectError, expectStatus } from '../client.js';
import { UTC_TIME } from '../model.js';
import { defineSection } from '../runner.js';

interface SessionState {
  auth_mode: string;
  tenant_id: string | null;
  scopes: string[] | null;
  expires_at: string | null;
  tenants: string;
}

/** What every deployment answers to whoever runs this suite: it may read and write. */
export const access = defineSection('6 Access', (check) => {
  check('GET /session says who asks, for which tenant, and what they may do', async ({ api }) => {
    const state = expectStatus(await api.get('/session'), 200).json<SessionState>();
    assert.ok(['none', 'api-key', 'jwt', 'own'].includes(state.auth_mode), state.auth_mode);
    assert.ok(['header', 'fixed'].includes(state.tenants), state.tenants);
    assert.ok(state.scopes?.includes('runs:read') && state.scopes.includes('runs:write'));
    assert.ok(state.expires_at === null || UTC_TIME.test(state.expires_at));
    assert.equal(state.tenant_id, (await api.createRun()).tenant_id);
  });

  check('what signs nobody in is refused by name, and sets no cookie', async ({ api }) => {
    for (const json of [{}, { password: 'x' }, { key: 'x', token: 'x', tenant: 'x' }]) {
      const reply = await api.request('POST', '/session', { json });
      expectError(reply, 400, 'VALIDATION_FAILED');
      assert.equal(reply.headers['set-cookie'], undefined);
    }
  });
});

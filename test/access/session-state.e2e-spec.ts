import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SCOPES } from '../../src/auth/index.js';
import { OpenApiDocument } from '../support/openapi.js';
import { type Serving, serveHere } from '../support/service.js';
import { ask } from './ask.js';
import { bearer, TestKeys } from './keys.js';
import { ISSUER_ENVIRONMENT, issuedToken } from './tokens.js';

const TENANT = 'who-asks';
const MULTI = { MULTI_TENANCY_ENABLED: 'true' };
const MODES = {
  none: {},
  tenants: MULTI,
  'api-key': { AUTH_MODE: 'api-key', ...MULTI },
  'one tenant': { AUTH_MODE: 'api-key' },
  jwt: { ...ISSUER_ENVIRONMENT, ...MULTI },
};

let services: Record<keyof typeof MODES, Serving>;
let document: OpenApiDocument;
let keys: TestKeys;

beforeAll(async () => {
  const started = Object.entries(MODES).map(async ([mode, env]) => [mode, await serveHere(env)] as const);
  services = Object.fromEntries(await Promise.all(started)) as typeof services;
  keys = await TestKeys.open();
  document = await OpenApiDocument.of(services['api-key'].url);
});
afterAll(async () => {
  await Promise.all(Object.values(services).map((service) => service.stop()));
  await keys.close();
});

async function who(mode: keyof typeof MODES, headers: Record<string, string> = {}, path = '/session') {
  const answer = await ask(services[mode].url, 'GET', path, { headers });
  const type = answer.headers['content-type'] ?? null;
  expect(document.answerProblems('GET /session', answer.status, type, answer.json)).toEqual([]);
  expect(answer.headers['cache-control']).toBe('no-store');
  return answer.status === 200 ? answer.json : [answer.status, answer.json?.['code']];
}

const nobody = (auth_mode: string) => ({
  auth_mode,
  tenant_id: null,
  scopes: null,
  expires_at: null,
  tenants: 'fixed',
});

describe('GET /session says who asks', () => {
  it('with AUTH_MODE=none: who may do all, for the one tenant', async () => {
    const everybody = { ...nobody('none'), tenant_id: 'default', scopes: SCOPES };
    expect(await who('none')).toEqual(everybody);
    expect(await who('none', { ...bearer('x'), cookie: 'runstream_session=x', 'x-tenant-id': 'b' })).toEqual(
      everybody,
    );
  });

  it('and where tenants go by a header: for the one that it names, if there is one', async () => {
    const everybody = { ...nobody('none'), scopes: SCOPES, tenants: 'header' };
    expect(await who('tenants')).toEqual(everybody);
    expect(await who('tenants', { 'x-tenant-id': TENANT })).toEqual({ ...everybody, tenant_id: TENANT });
    for (const header of ['A', 'a, b', 'a:b'])
      expect(await who('tenants', { 'x-tenant-id': header })).toEqual([400, 'VALIDATION_FAILED']);
  });

  it('with a key: its tenant, its scopes and its end', async () => {
    const expiresAt = Date.now() + 60_000;
    const { headers } = await keys.create(TENANT, ['runs:read', 'keys:admin'], { expiresAt });
    const owner = {
      auth_mode: 'api-key',
      tenant_id: TENANT,
      scopes: ['runs:read', 'keys:admin'],
      expires_at: new Date(expiresAt).toISOString(),
      tenants: 'fixed',
    };
    expect(await who('api-key', headers)).toEqual(owner);
    expect(await who('api-key', { ...headers, 'x-tenant-id': TENANT })).toEqual(owner);
    const forever = await keys.create(TENANT);
    expect(await who('api-key', forever.headers)).toEqual({ ...owner, scopes: SCOPES, expires_at: null });
  });

  it('with a token: what it says', async () => {
    const exp = Math.floor(Date.now() / 1000) + 60;
    const token = await issuedToken({ tenant_id: TENANT, scope: 'runs:read x', exp });
    expect(await who('jwt', bearer(token))).toMatchObject({
      auth_mode: 'jwt',
      tenant_id: TENANT,
      scopes: ['runs:read'],
      tenants: 'fixed',
    });
    expect(await who('jwt')).toEqual(nobody('jwt'));
    expect(await who('jwt', bearer(`${token}x`))).toEqual(nobody('jwt'));
  });

  it('nobody, whatever is wrong with a credential, and with a ticket', async () => {
    const revoked = await keys.create(TENANT);
    await keys.revoke(TENANT, revoked.id);
    const expired = await keys.create(TENANT, SCOPES, { expiresAt: Date.now() - 1 });
    const cookie = `runstream_session=${'A'.repeat(43)}`;
    for (const headers of [
      {},
      bearer('x'),
      revoked.headers,
      expired.headers,
      { authorization: '' },
      { cookie },
    ])
      expect(await who('api-key', { ...headers })).toEqual(nobody('api-key'));
    expect(await who('api-key', { 'x-tenant-id': 'A:b' })).toEqual(nobody('api-key'));
    const { headers } = await keys.create(TENANT);
    const { json } = await ask(services['api-key'].url, 'POST', '/events/stream-tickets', {
      headers,
      json: {},
    });
    const ticket = String(json?.['ticket']);
    expect(await who('api-key', {}, `/session?ticket=${ticket}`)).toEqual(nobody('api-key'));
  });

  it('but refuses a credential that is for another tenant, as every route does', async () => {
    const { headers } = await keys.create(TENANT);
    expect(await who('api-key', { ...headers, 'x-tenant-id': 'another' })).toEqual([403, 'FORBIDDEN']);
    expect(await who('one tenant', headers)).toEqual([403, 'FORBIDDEN']);
  });

  it('and one who came by a name that is not ours', async () => {
    expect(await who('none', { host: 'evil.example' })).toEqual([403, 'FORBIDDEN']);
  });
});

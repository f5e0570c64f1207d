import { afterEach, describe, expect, it } from '@jest/globals';
import type { TenancyConfig } from '../../../src/config/index.js';
import { rawRequest } from './raw-request.js';
import { startToy, type Toy } from './toy-application.js';

let toy: Toy;
afterEach(() => toy.app.close());

const start = async (tenancy: Partial<TenancyConfig>) => {
  toy = await startToy(tenancy);
};

const ask = async (tenant?: string, path = '/toy/tenant') => {
  const response = await fetch(
    toy.url + path,
    tenant === undefined ? {} : { headers: { 'x-tenant-id': tenant } },
  );
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

describe('tenancy off', () => {
  it('every request belongs to the default tenant, whatever its header says', async () => {
    await start({ defaultTenantId: 'solo' });
    for (const tenant of [undefined, 'acme', 'a:b'])
      expect((await ask(tenant)).body).toMatchObject({ tenantId: 'solo' });
  });
});

describe('tenancy on', () => {
  it('takes the tenant from the header', async () => {
    await start({ enabled: true });
    expect(await ask('acme')).toEqual({
      status: 200,
      body: { tenantId: 'acme' },
    });
  });

  it('T54 refuses a request without a tenant and never falls back', async () => {
    await start({ enabled: true });
    for (const tenant of [undefined, '', ' ']) {
      const { status, body } = await ask(tenant);
      expect([status, body['code'], body['message']]).toEqual([
        400,
        'VALIDATION_FAILED',
        expect.stringMatching(/X-Tenant-ID: missing/),
      ]);
    }
  });

  it('T55 refuses an id that could forge a key', async () => {
    await start({ enabled: true });
    for (const tenant of ['a:b', '{a}', '*', 'Acme', '-a', 'a'.repeat(64)]) {
      expect(await ask(tenant)).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    }
  });

  it('T53 refuses two tenants in one request', async () => {
    await start({ enabled: true });
    expect((await ask('acme, globex')).body).toMatchObject({ code: 'VALIDATION_FAILED' });
    const twice = 'GET /toy/tenant HTTP/1.1\r\nHost: x\r\nX-Tenant-ID: acme\r\nX-Tenant-Id: globex\r\n\r\n';
    const answer = await rawRequest(toy.port, twice);
    expect([answer.status, answer.body]).toEqual([400, expect.stringMatching(/exactly once/)]);
  });

  it('T53 refuses a tenant that is not served', async () => {
    await start({ enabled: true, allowedTenants: ['acme'], header: 'X-Org' });
    const as = async (tenant: string) => {
      const response = await fetch(`${toy.url}/toy/tenant`, { headers: { 'x-org': tenant } });
      return [response.status, ((await response.json()) as { code?: string }).code];
    };
    expect(await as('acme')).toEqual([200, undefined]);
    expect(await as('globex')).toEqual([403, 'FORBIDDEN']);
  });

  it('needs no tenant on public paths', async () => {
    await start({ enabled: true });
    for (const path of ['/health/live', '/health/ready', '/docs-json'])
      expect((await ask(undefined, path)).status).toBe(200);
    // What is not there is nobody's: it asks for a tenant like everything that is closed.
    for (const path of ['/', '/metrics', '/healthy']) expect((await ask(undefined, path)).status).toBe(400);
  });

  it('T56 does not mix concurrent requests, nor what they wrap in a TenantContext', async () => {
    await start({ enabled: true });
    const answers = await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        const tenant = `tenant-${index % 37}`;
        if (index % 2 === 0) return { tenant, body: (await ask(tenant)).body };
        const response = await fetch(`${toy.url}/toy/tenant`, {
          method: 'POST',
          headers: { 'x-tenant-id': tenant, 'content-type': 'application/json' },
          body: '{}',
        });
        return { tenant, body: (await response.json()) as Record<string, unknown> };
      }),
    );
    for (const { tenant, body } of answers) expect([...new Set(Object.values(body))]).toEqual([tenant]);
  });
});

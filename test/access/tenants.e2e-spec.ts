import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../support/redis.js';
import { serveHere, type Serving } from '../support/service.js';
import { ask } from './ask.js';
import { type TestKey, TestKeys } from './keys.js';

const EVENT = { event: { category: 'log', action: 'stdout' }, source: { agent_id: 'a1' }, data: {} };
const COUNT = 12;
/** What shows all tenants. */
const OF_ALL = ['/metrics', '/consumers/overview'];

let redis: RedisServer;
let commands: Redis;
let service: Serving;
let keys: TestKeys;
const tenants = Array.from({ length: COUNT }, (_, i) => `credential-${i}`);
const keyOf = new Map<string, TestKey>();

beforeAll(async () => {
  redis = await startRedis();
  commands = new Redis(redis.url);
  [service, keys] = await Promise.all([
    serveHere({ REDIS_URL: redis.url, AUTH_MODE: 'api-key', MULTI_TENANCY_ENABLED: 'true' }),
    TestKeys.open(redis.url),
  ]);
  for (const tenant of tenants) keyOf.set(tenant, await keys.create(tenant));
});
afterAll(async () => {
  await service.stop();
  await keys.close();
  commands.disconnect();
  await redis.stop();
});

const headersOf = (tenant: string) => keyOf.get(tenant)!.headers;

async function createRun(tenant: string): Promise<string> {
  const { status, json } = await ask(service.url, 'POST', '/runs', {
    headers: headersOf(tenant),
    json: { task: tenant },
  });
  expect([status, json?.['tenant_id']]).toEqual([201, tenant]);
  return String(json?.['id']);
}

describe('the credential names the tenant', () => {
  it('T53 an event can name no tenant, and lands in the log of its writer', async () => {
    const [mine = '', theirs = ''] = tenants;
    const runId = await createRun(mine);
    const path = `/runs/${runId}/events`;
    for (const forged of [
      { ...EVENT, tenant_id: theirs },
      { ...EVENT, run_id: 'r0_00000000000000000000000000' },
      { ...EVENT, id: '1-1' },
    ]) {
      const json = await ask(service.url, 'POST', path, { headers: headersOf(mine), json: forged });
      expect(json.json).toMatchObject({ code: 'VALIDATION_FAILED' });
      const lines = await ask(service.url, 'POST', path, {
        headers: { ...headersOf(mine), 'content-type': 'application/x-ndjson' },
        body: `${JSON.stringify(forged)}\n`,
      });
      expect(lines.json).toMatchObject({ code: 'VALIDATION_FAILED' });
    }
    const belongsToCaller = { ...EVENT, data: { tenant_id: theirs }, metadata: { tenant_id: theirs } };
    await ask(service.url, 'POST', path, { headers: headersOf(mine), json: belongsToCaller });
    const { json } = await ask(service.url, 'GET', path, { headers: headersOf(mine) });
    const events = json?.['events'] as { tenant_id: string }[];
    expect(events.map(({ tenant_id }) => tenant_id)).toEqual([mine, mine]);
    expect(await commands.keys(`*${theirs}*:run:*`)).toEqual([]);
    expect((await ask(service.url, 'POST', path, { headers: headersOf(theirs), json: EVENT })).status).toBe(
      404,
    );
  });

  it('T54 no tenant is made up: without a credential 401, whatever the header', async () => {
    for (const named of ['', 'default', tenants[0]!]) {
      const headers = { ...(named !== '' && { 'x-tenant-id': named }) };
      expect((await ask(service.url, 'GET', '/runs', { headers })).status).toBe(401);
    }
    expect(await commands.keys('tenant:default:*')).toEqual([]);
  });

  it('T55 neither a header nor an id forges a key', async () => {
    const [mine = ''] = tenants;
    // What comes and goes in the background is nobody's.
    const held = async () =>
      (await commands.keys('*')).filter((key) => !/:lock$|:dispatch:|^runstream:(?!\{)/.test(key)).sort();
    const before = await held();
    for (const forged of [`${mine}:x`, `{${mine}}`, '*', 'a b', `${mine},${mine}x`]) {
      const headers = { ...headersOf(mine), 'x-tenant-id': forged };
      expect((await ask(service.url, 'POST', '/runs', { headers, json: { task: 't' } })).status).toBe(403);
    }
    const ids = [
      'r0_*',
      'r0_a:b',
      'r0_{x}',
      'r0_00000000000000000000000000:events',
      '*',
      '..',
      'r0_%0a',
      '%00',
    ];
    for (const id of ids) {
      for (const path of [`/runs/${encodeURIComponent(id)}`, `/runs/${id}`, `/runs/${id}/events`]) {
        const { status } = await ask(service.url, 'GET', path, { headers: headersOf(mine) });
        expect([path, [200, 400, 404].includes(status)]).toEqual([path, true]);
        if (id !== '..') expect([path, status]).not.toEqual([path, 200]);
      }
    }
    expect(await held()).toEqual(before);
    await expect(keys.create('a:b')).rejects.toThrow(/tenant/);
  });

  it('T56 300 concurrent requests of twelve keys do not mix', async () => {
    const runs = new Map(await Promise.all(tenants.map(async (one) => [one, await createRun(one)] as const)));
    const answers = await Promise.all(
      Array.from({ length: 300 }, async (_, i) => {
        const tenant = tenants[i % COUNT]!;
        const headers = headersOf(tenant);
        if (i % 3 === 0) {
          const { json } = await ask(service.url, 'POST', '/runs', { headers, json: { task: tenant } });
          return [tenant, json?.['tenant_id'], json?.['task']];
        }
        if (i % 3 === 1) {
          const { json } = await ask(service.url, 'GET', `/runs/${runs.get(tenant)}`, { headers });
          return [tenant, json?.['tenant_id'], json?.['task']];
        }
        const { json } = await ask(service.url, 'GET', '/runs', { headers });
        const listed = json?.['runs'] as { tenant_id: string; task: string }[];
        return [tenant, ...listed.map((run) => run.tenant_id), ...listed.map((run) => run.task)];
      }),
    );
    for (const [tenant, ...seen] of answers) expect([...new Set(seen)]).toEqual([tenant]);
  });

  it('and every key in Redis stands in its tenant’s own space, or in that of the service', async () => {
    const all = await commands.keys('*');
    const strange = all.filter((key) => {
      if (/^runstream:[a-z{]/.test(key)) return false;
      const tenant = /^tenant:([^:]+):runstream:\{([^.}]+)\.\d+\}:/.exec(key);
      return !tenant || tenant[1] !== tenant[2] || !keyOf.has(tenant[1]!);
    });
    expect(all.length).toBeGreaterThan(COUNT);
    expect(strange).toEqual([]);
  });
});

describe('a service of one tenant', () => {
  it('takes keys of that tenant, and no others', async () => {
    const single = await serveHere({
      REDIS_URL: redis.url,
      AUTH_MODE: 'api-key',
      DEFAULT_TENANT_ID: 'solo',
    });
    try {
      const own = await keys.create('solo');
      expect((await ask(single.url, 'GET', '/runs', { headers: own.headers })).status).toBe(200);
      // The header plays no part here.
      const headers = { ...own.headers, 'x-tenant-id': 'other' };
      expect((await ask(single.url, 'GET', '/runs', { headers })).status).toBe(200);
      const { status, json } = await ask(single.url, 'GET', '/runs', { headers: headersOf(tenants[0]!) });
      expect([status, json?.['code']]).toEqual([403, 'FORBIDDEN']);
      const reader = await keys.create('solo', ['runs:read']);
      for (const path of OF_ALL) {
        expect((await ask(single.url, 'GET', path)).status).toBe(401);
        expect((await ask(single.url, 'GET', path, { headers: own.headers })).status).toBe(200);
        expect((await ask(single.url, 'GET', path, { headers: reader.headers })).status).toBe(403);
      }
    } finally {
      await single.stop();
    }
  });

  it('of several, does not show one what all do', async () => {
    for (const path of OF_ALL) {
      const { status, json } = await ask(service.url, 'GET', path, { headers: headersOf(tenants[0]!) });
      expect([status, json?.['code']]).toEqual([403, 'FORBIDDEN']);
    }
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startScript } from '../support/child.js';
import { startRedis, testRedisUrl } from '../support/redis.js';
import { startRedisCluster } from '../support/redis-cluster.js';
import { serveHere, type Serving } from '../support/service.js';
import { ask } from './ask.js';
import { bearer } from './keys.js';

const CLI = 'src/keys-cli.ts';

let service: Serving;

beforeAll(async () => {
  service = await serveHere({ AUTH_MODE: 'api-key', MULTI_TENANCY_ENABLED: 'true' });
});
afterAll(() => service.stop());

const keys = (...args: string[]) => keysIn({ REDIS_URL: testRedisUrl() }, ...args);

async function keysIn(redis: NodeJS.ProcessEnv, ...args: string[]) {
  const child = startScript(CLI, args, { env: { ...process.env, NODE_ENV: 'test', ...redis } });
  const code = await child.exit();
  return { code, text: child.lines.join('\n') };
}

const statusOf = async (secret: string) =>
  (await ask(service.url, 'GET', '/runs', { headers: bearer(secret) })).status;

describe('npm run keys', () => {
  it('makes a key that works, lists it without its secret, and revokes it', async () => {
    const tenant = ['--tenant', 'of-the-cli'];
    const made = await keys('create', '--name', 'first', '--scopes', 'runs:read,keys:admin', ...tenant);
    const secret = /^rs_\S+$/m.exec(made.text)?.[0] ?? '';
    const id = secret.split('_')[1] ?? '';
    expect([made.code, await statusOf(secret)]).toEqual([0, 200]);
    const listed = await keys('list', ...tenant);
    expect(listed.text).toMatch(new RegExp(`^${id} +good +runs:read,keys:admin +first$`, 'm'));
    expect(listed.text).not.toContain(secret.slice(-43));
    expect((await keys('list', '--tenant', 'another')).text).not.toContain(id);
    expect((await keys('revoke', id, '--tenant', 'another')).code).toBe(1);
    expect((await keys('revoke', id, ...tenant)).code).toBe(0);
    expect((await keys('list', ...tenant)).text).toMatch(new RegExp(`^${id} +revoked`, 'm'));
    const { json } = await ask(service.url, 'GET', '/runs', { headers: bearer(secret) });
    expect(json?.['code'] ?? 'still cached').toMatch(/UNAUTHORIZED|still cached/);
  });

  it('N6 says where it looked when a tenant has no keys, and who has some', async () => {
    // One of its own: at most twenty tenants are named, and other tests leave theirs.
    const redis = await startRedis();
    const tenant = 'with-keys';
    const env = { REDIS_URL: redis.url };
    await keysIn(env, 'create', '--name', 'x', '--scopes', 'runs:read', '--tenant', tenant);
    const { code, text } = await keysIn(env, 'list', '--tenant', 'without-keys').finally(() => redis.stop());
    const { host } = new URL(redis.url);
    expect([code, text]).toEqual([
      0,
      expect.stringMatching(
        new RegExp(`^The tenant without-keys has no keys in the Redis at ${host} .*--tenant`),
      ),
    ]);
    expect(text).toContain(tenant);
  });

  it('names who has some on a cluster, whichever master has them', async () => {
    const cluster = await startRedisCluster({ masters: 3, replicas: 0 });
    try {
      const env = { REDIS_CLUSTER: cluster.addresses };
      await keysIn(env, 'create', '--name', 'x', '--scopes', 'runs:read', '--tenant', 'with-keys');
      const { text } = await keysIn(env, 'list', '--tenant', 'without-keys');
      expect(text).toContain('with-keys');
    } finally {
      await cluster.stop();
    }
  });

  it.each([
    [['create', '--name', 'x', '--scopes', 'everything'], /runs:read, runs:write/],
    [['create', '--name', 'x', '--scopes', 'runs:read', '--tenant', 'a:b'], /tenant/],
    [
      ['create', '--name', 'x', '--scopes', 'runs:read', '--ttl-seconds', '9999999999'],
      /from 1 to 315360000/,
    ],
    [[], /npm run keys -- create/],
  ])('%j: says what is wrong', async (args, what) => {
    const { code, text } = await keys(...args);
    expect([code, text]).toEqual([1, expect.stringMatching(what)]);
    expect(text).not.toMatch(/ at .*\.ts/);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { testRedisUrl } from '../../../test/support/redis.js';
import { eventually } from '../../../test/support/eventually.js';
import { RedisConnections } from '../../redis/index.js';
import { type ApiKey, ApiKeys } from './api-keys.js';
import { AUTH_KEYS } from '../auth-keys.js';

let redis: RedisConnections;
let here: ApiKeys;
/** Of another instance: it has a cache of its own. */
let there: ApiKeys;

beforeAll(async () => {
  redis = new RedisConnections({ url: testRedisUrl() });
  await redis.onModuleInit();
  here = new ApiKeys(redis);
  there = new ApiKeys(redis);
});
afterAll(() => redis.onApplicationShutdown());

const tenant = () => `keys-${randomUUID()}`;
const create = (tenantId: string, expiresAt?: number) =>
  here.create({ name: 'n', tenantId, scopes: ['runs:read'], ...(expiresAt !== undefined && { expiresAt }) });
/** All that is listed of a tenant, in pages of three. */
async function list(tenantId: string): Promise<ApiKey[]> {
  const all: ApiKey[] = [];
  let cursor: string | undefined;
  do {
    const page = await here.list(tenantId, 3, cursor);
    expect(page.keys.length).toBeLessThanOrEqual(3);
    all.push(...page.keys);
    cursor = page.next;
  } while (cursor !== undefined);
  return all;
}

describe('an API key', () => {
  it('is what it was made as', async () => {
    const tenantId = tenant();
    const { secret, key } = await create(tenantId);
    expect(secret).toMatch(new RegExp(`^rs_${key.id}_[A-Za-z0-9_-]{43}$`));
    expect(await there.verify(secret)).toEqual({
      kind: 'api-key',
      id: key.id,
      keyId: key.id,
      tenantId,
      scopes: ['runs:read'],
    });
  });

  it('is stored as a hash only', async () => {
    const { secret, key } = await create(tenant());
    const stored = JSON.stringify(await redis.commands.hgetall(AUTH_KEYS.apiKey(key.id)));
    expect(stored).not.toContain(secret.slice(-43));
  });

  it('is no other secret, and no secret of another key', async () => {
    const [a, b] = await Promise.all([create(tenant()), create(tenant())]);
    const crossed = `rs_${a.key.id}_${b.secret.slice(-43)}`;
    for (const bad of [
      crossed,
      a.secret.slice(0, -1),
      `${a.secret}x`,
      a.secret.toUpperCase(),
      '',
      `rs_${a.key.id}_`,
    ])
      expect(await here.verify(bad)).toBeUndefined();
  });

  it('ends at its expiry, to the millisecond, cached or not', async () => {
    const expiresAt = Date.now() + 300;
    const { secret, key } = await create(tenant(), expiresAt);
    expect(await here.verify(secret)).toMatchObject({ expiresAt });
    await eventually('it has expired', () => Date.now() >= expiresAt);
    expect(await here.verify(secret)).toBeUndefined();
    expect(await here.principal(key.id)).toBeUndefined();
    expect(await there.verify(secret)).toBeUndefined();
  });

  it('is revoked at once here, and within a second on another instance', async () => {
    const tenantId = tenant();
    const { secret, key } = await create(tenantId);
    await Promise.all([here.verify(secret), there.verify(secret)]);
    expect(await here.revokedAmong([key.id])).toEqual([]);
    expect(await here.revoke(tenantId, key.id)).toBe(true);
    const revokedAt = Date.now();
    expect(await here.verify(secret)).toBeUndefined();
    expect(await there.revokedAmong([key.id, 'no such key'])).toEqual([key.id, 'no such key']);
    await eventually('it is revoked there', async () => (await there.verify(secret)) === undefined);
    expect(Date.now() - revokedAt).toBeLessThan(5000);
  });

  it('is no longer good for a client that comes back when its stream was ended', async () => {
    const tenantId = tenant();
    const { secret, key } = await create(tenantId);
    await there.verify(secret);
    await here.revoke(tenantId, key.id);
    expect(await there.revokedAmong([key.id])).toEqual([key.id]);
    expect(await there.verify(secret)).toBeUndefined();
  });

  it('is listed and revoked by its own tenant only', async () => {
    const [mine, theirs] = [tenant(), tenant()];
    const first = await create(mine);
    await eventually('the clock goes on', () => Date.now() > first.key.createdAt);
    const second = await create(mine);
    expect((await list(mine)).map(({ id }) => id)).toEqual([second.key.id, first.key.id]);
    expect(await list(theirs)).toEqual([]);
    expect(await here.revoke(theirs, first.key.id)).toBe(false);
    expect(await here.verify(first.secret)).toBeDefined();
  });

  it('stays revoked since when it was first', async () => {
    const tenantId = tenant();
    const { key } = await create(tenantId);
    await here.revoke(tenantId, key.id);
    const [{ revokedAt } = key] = await list(tenantId);
    await eventually('the clock goes on', () => Date.now() > (revokedAt ?? 0));
    await here.revoke(tenantId, key.id);
    expect(await list(tenantId)).toMatchObject([{ revokedAt }]);
  });

  it('remembers when it was used', async () => {
    const tenantId = tenant();
    const { secret } = await create(tenantId);
    expect(await list(tenantId)).toMatchObject([{ lastUsedAt: undefined }]);
    await here.verify(secret);
    await eventually('the use is noted', async () => (await list(tenantId))[0]?.lastUsedAt !== undefined);
  });

  it('T55 is not made for a tenant id that could forge a key', async () => {
    for (const bad of ['a:b', '{a}', '', 'A', '*']) await expect(create(bad)).rejects.toThrow(/tenant/);
  });
});

describe('J18 keys that are over', () => {
  const DAY_MS = 86_400_000;
  const { apiKey, apiKeysOf, apiKeysToForget } = AUTH_KEYS;

  async function lists(tenantId: string): Promise<[number, number]> {
    const { commands } = redis;
    return [await commands.zcard(apiKeysOf(tenantId)), await commands.zcard(apiKeysToForget(tenantId))];
  }
  const leavesAt = (id: string) => redis.commands.pexpiretime(apiKey(id));

  it('go 30 days after their expiry, and not before', async () => {
    const tenantId = tenant();
    const expiresAt = Date.now() - 30 * DAY_MS + 60_000;
    const { key } = await create(tenantId, expiresAt);
    expect(await leavesAt(key.id)).toBe(expiresAt + 30 * DAY_MS);
    await create(tenantId, Date.now() - 30 * DAY_MS - 1);
    expect((await list(tenantId)).map(({ id }) => id)).toEqual([key.id]);
    expect(await lists(tenantId)).toEqual([1, 1]);
  });

  it('go 30 days after they were revoked, whichever is first, and stay no longer for being revoked again', async () => {
    const tenantId = tenant();
    const soon = Date.now() + DAY_MS;
    const keys = [
      await create(tenantId),
      await create(tenantId, soon),
      await create(tenantId, soon - 2 * DAY_MS),
    ];
    const before = Date.now();
    const times: number[][] = [];
    for (let round = 0; round < 2; round++) {
      for (const { key } of keys) expect(await here.revoke(tenantId, key.id)).toBe(true);
      times.push(await Promise.all(keys.map(({ key }) => leavesAt(key.id))));
      await eventually('the clock goes on', () => Date.now() > before + 5);
    }
    const [first = [], second] = times;
    expect(second).toEqual(first);
    expect(first[0]).toBeGreaterThanOrEqual(before + 30 * DAY_MS);
    expect(first[1]).toBeLessThan(soon + 30 * DAY_MS);
    expect(first[2]).toBe(soon + 28 * DAY_MS);
    const scores = await redis.commands.zrange(apiKeysToForget(tenantId), '0', '-1', 'WITHSCORES');
    const forgotten = scores.filter((_, i) => i % 2 === 1).map(Number);
    expect(forgotten.sort()).toEqual([...first].sort());
  });

  it('3000 of them leave the lists, with bounded work for each call', async () => {
    const tenantId = tenant();
    const long = Date.now() - 31 * DAY_MS;
    const writes = redis.commands.pipeline();
    for (let i = 0; i < 3000; i++) {
      const place = `${long}-${String(i).padStart(16, '0')}`;
      writes.zadd(apiKeysOf(tenantId), '0', place).zadd(apiKeysToForget(tenantId), String(long), place);
    }
    await writes.exec();
    const { key } = await create(tenantId);
    expect(await lists(tenantId)).toEqual([2001, 2000]);
    await here.list(tenantId, 1);
    expect(await lists(tenantId)).toEqual([1001, 1000]);
    await here.list(tenantId, 1);
    expect((await list(tenantId)).map(({ id }) => id)).toEqual([key.id]);
    expect(await lists(tenantId)).toEqual([1, 0]);
  });

  it('pages neither lose nor repeat a key, also of one millisecond, while keys come and go', async () => {
    const tenantId = tenant();
    const made = await Promise.all(Array.from({ length: 20 }, () => create(tenantId)));
    const ids = (await list(tenantId)).map(({ id }) => id);
    expect([...ids].sort()).toEqual(made.map(({ key }) => key.id).sort());
    const first = await here.list(tenantId, 10);
    await create(tenantId);
    await here.revoke(tenantId, ids[9] ?? '');
    const second = await here.list(tenantId, 10, first.next);
    expect([...first.keys, ...second.keys].map(({ id }) => id)).toEqual(ids);
    expect(second.next).toBeUndefined();
  });
});

describe('J21 the expiry of a key', () => {
  it('is checked before anything is stored', async () => {
    const tenantId = tenant();
    for (const bad of [NaN, Infinity, 8.64e15, 8.64e15 + 1000, 1.5, -8.64e15 - 1e10])
      await expect(create(tenantId, bad)).rejects.toThrow(/expires_at/);
    expect(await redis.commands.exists(AUTH_KEYS.apiKeysOf(tenantId))).toBe(0);
    expect(await list(tenantId)).toEqual([]);
  });
});

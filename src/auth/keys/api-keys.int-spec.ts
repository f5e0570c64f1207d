import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { testRedisUrl } from '../../../test/support/redis.js';
import { eventually } from '../../../test/support/eventually.js';
import { RedisConnections } from '../../redis/index.js';
import { ApiKeys } from './api-keys.js';
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
    expect(Date.now() - revokedAt).toBeLessThan(1500);
  });

  it('is listed and revoked by its own tenant only', async () => {
    const [mine, theirs] = [tenant(), tenant()];
    const first = await create(mine);
    await eventually('the clock goes on', () => Date.now() > first.key.createdAt);
    const second = await create(mine);
    expect((await here.list(mine)).map(({ id }) => id)).toEqual([second.key.id, first.key.id]);
    expect(await here.list(theirs)).toEqual([]);
    expect(await here.revoke(theirs, first.key.id)).toBe(false);
    expect(await here.verify(first.secret)).toBeDefined();
  });

  it('stays revoked since when it was first', async () => {
    const tenantId = tenant();
    const { key } = await create(tenantId);
    await here.revoke(tenantId, key.id);
    const [{ revokedAt } = key] = await here.list(tenantId);
    await eventually('the clock goes on', () => Date.now() > (revokedAt ?? 0));
    await here.revoke(tenantId, key.id);
    expect(await here.list(tenantId)).toMatchObject([{ revokedAt }]);
  });

  it('remembers when it was used', async () => {
    const tenantId = tenant();
    const { secret } = await create(tenantId);
    expect(await here.list(tenantId)).toMatchObject([{ lastUsedAt: undefined }]);
    await here.verify(secret);
    await eventually(
      'the use is noted',
      async () => (await here.list(tenantId))[0]?.lastUsedAt !== undefined,
    );
  });

  it('T55 is not made for a tenant id that could forge a key', async () => {
    for (const bad of ['a:b', '{a}', '', 'A', '*']) await expect(create(bad)).rejects.toThrow(/tenant/);
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { firstValueFrom, type Subscription } from 'rxjs';
import { eventually } from '../../../test/support/eventually.js';
import { testRedisUrl } from '../../../test/support/redis.js';
import { RedisConnections } from '../../redis/index.js';
import { ApiKeys } from '../keys/api-keys.js';
import { CredentialWatch } from './credential-watch.js';
import type { Principal } from '../principal.js';
import { Sessions } from '../session/sessions.js';
import { StreamTickets } from './stream-tickets.js';

const tenantId = `watch-${randomUUID()}`;
let redis: RedisConnections;
let keys: ApiKeys;
let sessions: Sessions;
let tickets: StreamTickets;
let watch: CredentialWatch;
let subscriptions: Subscription[] = [];

beforeAll(async () => {
  redis = new RedisConnections({ url: testRedisUrl() });
  await redis.onModuleInit();
  keys = new ApiKeys(redis);
  sessions = new Sessions(redis, keys, { mode: 'api-key' }, { enabled: false });
  tickets = new StreamTickets(redis, keys, sessions, { mode: 'api-key' });
  watch = new CredentialWatch(keys, sessions);
});
afterEach(() => {
  for (const subscription of subscriptions) subscription.unsubscribe();
  subscriptions = [];
});
afterAll(() => {
  watch.onApplicationShutdown();
  redis.onApplicationShutdown();
});

async function newPrincipal(expiresAt?: number): Promise<Principal> {
  const request = { name: 'n', tenantId, scopes: ['runs:read'] as const };
  const { secret } = await keys.create({ ...request, ...(expiresAt !== undefined && { expiresAt }) });
  const principal = await keys.verify(secret);
  if (!principal) throw new Error('The key that was just made is not good.');
  return principal;
}

/** Subscribes as an open stream does; true once it was told to end. */
function stream(principal: Principal | undefined): () => boolean {
  let ended = false;
  subscriptions.push(watch.ended(principal).subscribe(() => (ended = true)));
  return () => ended;
}

describe('T58 the watch over credentials', () => {
  it('tells all streams of a key that was revoked, and no others', async () => {
    const [revoked, other] = [await newPrincipal(), await newPrincipal()];
    const streams = [stream(revoked), stream(revoked), stream(revoked)];
    const others = [stream(other), stream(undefined)];
    await keys.revoke(tenantId, revoked.id);
    await eventually('its streams have ended', () => streams.every((ended) => ended()), 5000);
    expect(others.map((ended) => ended())).toEqual([false, false]);
  });

  it('tells streams of a session that is over, and of a ticket that it asked for', async () => {
    const { secret: key } = await keys.create({ name: 'n', tenantId, scopes: ['runs:read'] });
    const opened = await sessions.open(key);
    const cookie = [opened?.secret ?? ''];
    const principal = await sessions.verify(cookie);
    const { ticket } = await tickets.issue(tenantId, {}, principal);
    const ofTicket = await tickets.verify(ticket);
    expect([principal?.sessionId, ofTicket?.sessionId]).toEqual([expect.any(String), principal?.sessionId]);
    const ended = [stream(principal), stream(ofTicket)];
    const ofKey = stream(opened?.principal);
    await sessions.close(cookie);
    await eventually('both have ended', () => ended.every((one) => one()), 5000);
    expect([ofKey(), await tickets.verify(ticket), await sessions.verify(cookie)]).toEqual([
      false,
      undefined,
      undefined,
    ]);
  });

  it('tells at the expiry, also when that has passed already', async () => {
    // Its key lasts longer: on a slow machine it would be over before it was made.
    const principal = await newPrincipal();
    const soon = Date.now() + 200;
    await firstValueFrom(watch.ended({ ...principal, expiresAt: soon }));
    expect(Date.now() - soon).toBeGreaterThanOrEqual(-5);
    await firstValueFrom(watch.ended({ kind: 'jwt', id: 'x', tenantId, scopes: [], expiresAt: 1 }));
  });

  it('takes an expiry beyond what a timer can hold', () => {
    const far = Date.now() + 10 * 365 * 86_400_000;
    expect(stream({ kind: 'jwt', id: 'x', tenantId, scopes: [], expiresAt: far })()).toBe(false);
  });

  it('asks Redis nothing while no stream is open, and once for many of one key', async () => {
    const asked = jest.spyOn(keys, 'revokedAmong');
    try {
      const principal = await newPrincipal();
      for (let i = 0; i < 50; i++) stream(principal);
      await eventually('it has asked', () => asked.mock.calls.length > 0);
      expect(asked.mock.calls).toEqual([[[principal.keyId]]]);
      for (const subscription of subscriptions) subscription.unsubscribe();
      expect(watch).toMatchObject({ check: undefined });
    } finally {
      asked.mockRestore();
    }
  });
});

describe('a stream ticket', () => {
  it('is for one stream, for a while, and no longer than who asked for it', async () => {
    const expiresAt = Date.now() + 5000;
    const { ticket, expiresAt: until } = await tickets.issue(
      tenantId,
      { runId: 'r0_x', types: 'llm.*' },
      await newPrincipal(expiresAt),
    );
    expect(until).toBe(expiresAt);
    expect(await tickets.verify(ticket)).toMatchObject({
      kind: 'ticket',
      tenantId,
      scopes: ['runs:read'],
      stream: { runId: 'r0_x', types: 'llm.*' },
      expiresAt,
    });
    const open = await tickets.issue(tenantId, {}, await newPrincipal());
    expect(Math.abs(open.expiresAt - Date.now() - 600_000)).toBeLessThan(5000);
  });

  it('is no other text', async () => {
    const { ticket } = await tickets.issue(tenantId, {}, undefined);
    for (const bad of ['', 'rt_', `${ticket}x`, ticket.slice(1), `rt_${'a'.repeat(43)}`, `${ticket}\n`])
      expect(await tickets.verify(bad)).toBeUndefined();
  });
});

describe('a session', () => {
  it('is the one cookie, and nothing else', async () => {
    const { secret: key } = await keys.create({ name: 'n', tenantId, scopes: ['runs:read'] });
    const value = (await sessions.open(key))?.secret ?? '';
    expect(await sessions.verify([value])).toMatchObject({ tenantId });
    for (const bad of [[], [''], [`${value}x`], [value, value], [value, 'x'], ['x', value]])
      expect([bad, await sessions.verify(bad)]).toEqual([bad, undefined]);
  });

  it('ends with the others that came beside it', async () => {
    const { secret: key } = await keys.create({ name: 'n', tenantId, scopes: ['runs:read'] });
    const values = [(await sessions.open(key))?.secret ?? '', (await sessions.open(key))?.secret ?? ''];
    expect(await sessions.close(values)).toBeUndefined();
    for (const value of values) expect(await sessions.verify([value])).toBeUndefined();
  });

  it('is not opened where keys are not in use', async () => {
    const { secret } = await keys.create({ name: 'n', tenantId, scopes: ['runs:read'] });
    for (const mode of ['none', 'jwt'] as const)
      expect(await new Sessions(redis, keys, { mode }, { enabled: false }).open(secret)).toBeUndefined();
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startConsumers, type TestConsumers } from '../../test/support/consumer.js';
import { uniqueTenant } from '../../test/support/event-store.js';
import { eventually } from '../../test/support/eventually.js';
import { type Claim, type ClaimToken, IdempotencyTracker } from './idempotency-tracker.js';

describe('The idempotency tracker', () => {
  /** Two, as two processes would have one each. */
  let processes: TestConsumers[];
  let trackers: IdempotencyTracker[];
  let tracker: IdempotencyTracker;
  let tenant: string;
  beforeAll(async () => {
    processes = await Promise.all([startConsumers([]), startConsumers([])]);
    trackers = processes.map(({ app }) => app.get(IdempotencyTracker));
    tracker = trackers[0]!;
    tenant = uniqueTenant();
  });
  afterAll(() => Promise.all(processes.map((one) => one.close())));

  const tokenOf = (claim: Claim): ClaimToken => {
    if (claim.state !== 'claimed') throw new Error(`It is ${claim.state}.`);
    return claim.token;
  };
  const claim = (key: string, leaseMs = 60_000) => tracker.claim(tenant, 'mail', key, { leaseMs });

  it('T34 of many that ask at once in two processes one gets it, and the others learn when it is done', async () => {
    const claims = await Promise.all(
      Array.from({ length: 200 }, (_, i) => trackers[i % 2]!.claim(tenant, 'mail', 'contended')),
    );
    const won = claims.filter(({ state }) => state === 'claimed');
    expect(won).toHaveLength(1);
    expect(claims.filter(({ state }) => state === 'in-progress')).toHaveLength(199);
    expect(await tracker.isProcessed(tenant, 'mail', 'contended')).toBe(false);
    expect(await trackers[1]!.complete(tokenOf(won[0]!))).toBe(true);
    expect(await trackers[1]!.claim(tenant, 'mail', 'contended')).toEqual({ state: 'processed' });
    expect(await tracker.isProcessed(tenant, 'mail', 'contended')).toBe(true);
  });

  it('T34 a crash between claim and completion loses nothing: the next one gets it when the lease is over', async () => {
    const lost = tokenOf(await claim('crashed', 150));
    const state = await claim('crashed');
    expect(state.state === 'in-progress' && state.leaseLeftMs > 0 && state.leaseLeftMs <= 150).toBe(true);
    let next: Claim | undefined;
    await eventually('the lease is over', async () => (next = await claim('crashed')).state === 'claimed');
    // The first one was only slow: it may no longer say that the work is done, nor take it away from the second.
    expect(await tracker.complete(lost)).toBe(false);
    expect(await tracker.release(lost)).toBe(false);
    expect(await tracker.extend(lost)).toBe(false);
    expect(await tracker.complete(tokenOf(next!))).toBe(true);
  });

  it('lets the next one in at once after a release', async () => {
    expect(await tracker.release(tokenOf(await claim('released')))).toBe(true);
    expect((await claim('released')).state).toBe('claimed');
  });

  it('keeps a claim for as long as it is extended', async () => {
    const token = tokenOf(await claim('long', 300));
    expect(await tracker.extend(token, 60_000)).toBe(true);
    const state = await claim('long');
    expect(state.state === 'in-progress' && state.leaseLeftMs > 300).toBe(true);
  });

  it('completes once more without harm, and after its lease when nobody else came', async () => {
    const token = tokenOf(await claim('again', 1));
    await eventually('the lease is over', async () => {
      const [ttl] = await Promise.all([processes[0]!.redis.commands.pttl(token.marker)]);
      return ttl < 0;
    });
    expect(await tracker.complete(token)).toBe(true);
    expect(await tracker.complete(token)).toBe(true);
    expect(await claim('again')).toEqual({ state: 'processed' });
  });

  it('remembers for its time, and no longer', async () => {
    await tracker.markProcessed(tenant, 'mail', 'marked', { ttlSeconds: 1 });
    expect(await tracker.isProcessed(tenant, 'mail', 'marked')).toBe(true);
    await eventually('it is forgotten', async () => !(await tracker.isProcessed(tenant, 'mail', 'marked')));
    const token = tokenOf(await tracker.claim(tenant, 'mail', 'week'));
    await tracker.complete(token);
    expect(await processes[0]!.redis.commands.ttl(token.marker)).toBe(604_800);
  });

  it.each([
    [
      ['x', null],
      [null, 'x'],
    ],
    [['a', 'b'], ['a,b']],
    [['a', 'b'], ['ab']],
    [
      ['a"', 'b'],
      ['a', '"b'],
    ],
    [['a'], ['a', undefined]],
    [['1'], [1]],
    [['}{other}'], ['']],
  ])('T33 takes %j and %j for two', async (one, other) => {
    await tracker.markProcessed(tenant, 'parts', one);
    expect(await tracker.isProcessed(tenant, 'parts', one)).toBe(true);
    expect(await tracker.isProcessed(tenant, 'parts', other)).toBe(false);
    await processes[0]!.redis.commands.del(processes[0]!.store.keys.idempotencyMarker(tenant, 'parts', one));
  });

  it('T33 keeps scopes and tenants apart', async () => {
    await tracker.markProcessed(tenant, 'a', 'key');
    expect(await tracker.isProcessed(tenant, 'b', 'key')).toBe(false);
    expect(await tracker.isProcessed(tenant, 'a","', 'key')).toBe(false);
    expect(await tracker.isProcessed(uniqueTenant(), 'a', 'key')).toBe(false);
    await expect(tracker.isProcessed('a:b', 'a', 'key')).rejects.toThrow(TypeError);
  });

  it('refuses times and numbers that mean nothing', async () => {
    await expect(tracker.claim(tenant, 'a', 'k', { leaseMs: 0 })).rejects.toThrow('leaseMs');
    await expect(tracker.markProcessed(tenant, 'a', 'k', { ttlSeconds: 0.5 })).rejects.toThrow('ttlSeconds');
    await expect(tracker.isProcessed(tenant, 'a', [NaN])).rejects.toThrow('finite');
  });
});

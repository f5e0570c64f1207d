import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startConsumers, type TestConsumers } from '../../../test/support/consumer.js';
import { createTestStore, line, type TestStore, uniqueTenant } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { type RedisServer, startRedis } from '../../../test/support/redis.js';
import { groupPausedKey, TENANTS_KEY } from '../../event-store/index.js';
import { bucketOf, BUCKETS, partitionOf, WORK_KEYS } from '../../stream-consumer/index.js';
import { EventHandler } from '../handler/event-handler.decorator.js';
import { GroupControl } from '../admin/group-control.js';
import type { Handler } from '../handler/handler.js';
import { HandlerResult } from '../handler/handler-result.js';
import { type GroupOverview, GroupOverviewReader, MOST_TENANTS } from './group-overview.js';

const HOUR_MS = 3_600_000;
/** A busy machine is slow, and that is not what fails. */
const commandTimeoutMs = 15_000;

describe('A group in sum over all tenants', () => {
  const open: { close(): Promise<void> }[] = [];
  /** One of its own: what is looked at depends on all that is there. */
  let server: RedisServer;
  let group: string;
  /** A process that runs nothing, and looks. */
  let api: TestConsumers;
  let look: () => Promise<GroupOverview>;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.kill());
  beforeEach(async () => {
    group = uniqueTenant();
    api = await startConsumers([], { url: server.url, commandTimeoutMs });
    await api.redis.commands.flushall();
    open.push(api);
    look = () => api.app.get(GroupOverviewReader).read(group);
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  /** A tenant with a run, which is one entry, and so many lines. */
  async function tenant(lines: number): Promise<TestStore> {
    const store = await createTestStore({ url: server.url });
    open.push(store);
    await append(store, lines);
    return store;
  }

  async function append(store: TestStore, lines: number): Promise<void> {
    const run = await store.createRun();
    for (let n = 0; n < lines; n++) await store.store.append(store.tenant, run, [line(`${n}`)]);
  }

  /** A process that runs the group. */
  async function run(outcome: () => unknown): Promise<TestConsumers> {
    @EventHandler({ group, types: ['log.*'], from: 'start', concurrency: 2, maxAttempts: 1 })
    class Reader implements Handler {
      handle(): HandlerResult {
        return outcome() as HandlerResult;
      }
    }
    const process = await startConsumers([Reader], {
      url: server.url,
      commandTimeoutMs,
      shutdownTimeoutMs: 1,
    });
    open.push(process);
    return process;
  }

  /** As if what came lately had come long ago. */
  async function forgetTouches(): Promise<void> {
    const keys = BUCKETS.map((bucket) => WORK_KEYS.touched('journal', bucket));
    await api.redis.commands.del(...keys);
  }

  /** From here on touches tell what the group has not looked at. */
  const hasSwept = (tenantId: string): Promise<void> =>
    eventually('it has swept', async () => {
      const key = WORK_KEYS.swept(bucketOf(partitionOf(tenantId)));
      return (await api.redis.commands.hexists(key, `group:${group}`)) === 1;
    });

  const heldKeys = () => api.redis.commands.keys('runstream:held:*');

  it('adds up what is behind, pending and delayed, and names the tenants that are furthest behind', async () => {
    const [far, near] = [await tenant(20), await tenant(5)];
    const hang = new Promise(() => undefined);
    await run(() => hang);
    await eventually('all that is given out is begun', async () => {
      const { pending, tenantsLookedAt } = await look();
      return pending >= 2 && tenantsLookedAt === 2;
    });
    const found = await look();
    expect(found).toMatchObject({ group, isComplete: true, tenantsLookedAt: 2 });
    expect(found.members).toMatchObject([{ handler: 'Reader', concurrency: 2 }]);
    expect(found.oldestPendingMs).toBeGreaterThan(0);
    expect(found.lagMs).toBeGreaterThanOrEqual(found.oldestPendingMs ?? 0);
    const lags = found.worst.map(({ tenantId, lag }) => [tenantId, lag] as const);
    expect(lags[0]?.[0]).toBe(far.tenant);
    expect(found.tenantsBehind).toBe(found.worst.filter(({ lag }) => lag > 0).length);
    expect(found.worst.reduce((sum, { lag }) => sum + lag, 0)).toBe(found.lag);
    expect(found.worst.reduce((sum, { pending }) => sum + pending, 0)).toBe(found.pending);
    expect(lags.map(([tenantId]) => tenantId)).toContain(near.tenant);
  });

  it('names ten at most', async () => {
    const process = await run(() => HandlerResult.success());
    for (let n = 0; n < 15; n++) await hasSwept(`t-${n}`);
    await process.close();
    const { commands } = api.redis;
    for (let n = 0; n < 15; n++) {
      const store = await createTestStore({ url: server.url, tenant: `t-${n}` });
      open.push(store);
      await append(store, n);
      await commands.xgroup('CREATE', store.store.keys.partition(store.tenant, 0).journal, group, '0');
    }
    const { worst, lag } = await look();
    expect(worst).toHaveLength(10);
    expect(worst.map((one) => one.lag)).toEqual([15, 14, 13, 12, 11, 10, 9, 8, 7, 6]);
    expect(lag).toBeGreaterThanOrEqual(120);
  });

  it('is not dearer for ten thousand tenants in which nothing happens', async () => {
    await tenant(1);
    const process = await run(() => HandlerResult.success());
    const idle = Array.from({ length: 10_000 }, (_, n) => `idle-${n}`);
    await api.redis.commands.sadd(TENANTS_KEY, ...idle);
    await eventually('it has handled what there is', () =>
      process.signals.some(({ kind }) => kind === 'settled'),
    );
    const { tenantsLookedAt, isComplete } = await look();
    // What the first walk of the process comes to at the moment: a few hundred at a time.
    expect(tenantsLookedAt).toBeLessThan(1000);
    expect(isComplete).toBe(true);
  });

  it('knows what came while nobody ran it, and what a process had that is gone', async () => {
    const store = await tenant(1);
    const process = await run(() => HandlerResult.success());
    await eventually('it has handled what there is', () =>
      process.signals.some(({ kind }) => kind === 'settled'),
    );
    await hasSwept(store.tenant);
    await process.close();
    await append(store, 3);
    expect(await look()).toMatchObject({ lag: 4, pending: 0, members: [], tenantsBehind: 1 });
    // It is found by what was touched; and when that is long ago, by what was held.
    await forgetTouches();
    const keys = await heldKeys();
    if (keys.length > 0) await api.redis.commands.del(...keys);
    expect((await look()).worst.map(({ tenantId }) => tenantId)).toEqual([store.tenant]);
    const partition = partitionOf(store.tenant);
    const other = await startConsumers([], { url: server.url, commandTimeoutMs });
    open.push(other);
    const elsewhere = other.app.get(GroupOverviewReader);
    expect((await elsewhere.read(group)).tenantsLookedAt).toBe(0);
    const team = `group:${group}`;
    await api.redis.commands.zadd(WORK_KEYS.members(team), 1000, 'gone');
    await api.redis.commands.sadd(WORK_KEYS.held(team, 'gone', bucketOf(partition)), partition);
    expect(await elsewhere.read(group)).toMatchObject({ lag: 4, tenantsLookedAt: 1 });
  });

  it('goes to a thousand tenants at most, and says that these are not all', async () => {
    const { commands } = api.redis;
    const looked = Date.now() - HOUR_MS / 2;
    for (const bucket of BUCKETS) await commands.hset(WORK_KEYS.swept(bucket), `group:${group}`, looked);
    const touch = async (n: number, at: number): Promise<void> => {
      const partition = partitionOf(`many-${n}`);
      await commands.zadd(WORK_KEYS.touched('journal', bucketOf(partition)), at, partition);
    };
    for (let n = 0; n < MOST_TENANTS + 100; n++) await touch(n, looked + 1000);
    expect(await look()).toMatchObject({ tenantsLookedAt: MOST_TENANTS, isComplete: false, lag: 0 });
    // What came before the group last looked, it has seen.
    for (let n = 0; n < 200; n++) await touch(n, looked - 60_000);
    expect(await look()).toMatchObject({ tenantsLookedAt: MOST_TENANTS - 100, isComplete: true });
  });

  it('has what piles up where it is paused, however long that is ago', async () => {
    const store = await tenant(1);
    const process = await run(() => HandlerResult.success());
    await eventually('it has handled what there is', () =>
      process.signals.some(({ kind }) => kind === 'settled'),
    );
    const control = api.app.get(GroupControl);
    await control.pause(store.tenant, group);
    await append(store, 2);
    await process.close();
    const keys = await heldKeys();
    if (keys.length > 0) await api.redis.commands.del(...keys);
    await forgetTouches();
    expect(await look()).toMatchObject({ lag: 3, tenantsPaused: 1 });
    expect((await look()).worst).toMatchObject([{ tenantId: store.tenant, isPaused: true }]);
    await control.resume(store.tenant, group);
    expect(await api.redis.commands.exists(groupPausedKey(group))).toBe(0);
    // A process that ended in the middle of it leaves no trace.
    await api.redis.commands.sadd(groupPausedKey(group), partitionOf(store.tenant));
    expect(await look()).toMatchObject({ tenantsPaused: 0 });
    expect(await api.redis.commands.exists(groupPausedKey(group))).toBe(0);
  });

  it('counts dead letters of tenants in which nothing happens any more, a step at a time', async () => {
    const store = await tenant(3);
    const process = await run(() => HandlerResult.fail('no'));
    await eventually('they are dead', async () => (await look()).deadLetters === 3);
    await process.close();
    await forgetTouches();
    await api.redis.commands.sadd(TENANTS_KEY, ...Array.from({ length: 5000 }, (_, n) => `idle-${n}`));
    const elsewhere = await startConsumers([], { url: server.url, commandTimeoutMs });
    open.push(elsewhere);
    const reader = elsewhere.app.get(GroupOverviewReader);
    let steps = 0;
    await eventually('the walk has come by', async () => {
      steps++;
      return (await reader.read(group)).deadLetters === 3;
    });
    await eventually('a round is over', async () => {
      steps++;
      await reader.read(group);
      return steps > 12;
    });
    expect((await reader.read(group)).deadLetters).toBe(3);
    await api.redis.commands.del(store.store.keys.group(store.tenant, 0, group).dead);
    await eventually('it is seen that they went', async () => (await reader.read(group)).deadLetters === 0);
  });
});

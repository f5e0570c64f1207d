import { afterEach, describe, expect, it } from '@jest/globals';
import { startConsumers, type TestConsumers } from '../../../test/support/consumer.js';
import { createTestStore, line, type TestStore, uniqueTenant } from '../../../test/support/event-store.js';
import { GroupCatalog } from '../admin/group-info.js';
import { type GroupStanding, GroupStandings } from './group-standing.js';
import { KEPT_TENANT_SAMPLES, TenantSamples } from './tenant-samples.js';

describe('Samples of a group in a tenant', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  /** A tenant with four events, of which a group that nobody handles has taken one. */
  async function start(): Promise<{ group: string; store: TestStore; consumers: TestConsumers }> {
    const store = await createTestStore();
    open.push(store);
    const consumers = await startConsumers([], { consumer: { tenants: [store.tenant] } });
    open.push(consumers);
    const group = uniqueTenant();
    const run = await store.createRun();
    await store.store.append(store.tenant, run, [line('a'), line('b'), line('c')]);
    const { journal } = store.store.keys.partition(store.tenant, 0);
    await store.redis.commands.xgroup('CREATE', journal, group, '0');
    await store.redis.commands.xreadgroup('GROUP', group, 'c', 'COUNT', 1, 'STREAMS', journal, '>');
    return { group, store, consumers };
  }

  const standingOf = async (
    consumers: TestConsumers,
    tenantId: string,
    group: string,
  ): Promise<GroupStanding & { tenantId: string }> => ({
    ...(await consumers.app.get(GroupStandings).read(tenantId, group)),
    tenantId,
  });

  it('tell how much came, what was done and what is left', async () => {
    const { group, store, consumers } = await start();
    const standing = await standingOf(consumers, store.tenant, group);
    expect(standing).toMatchObject({ appended: 4, appendedLately: 4, lag: 3, pending: 1 });
    await consumers.app.get(TenantSamples).add(group, [standing]);
    const catalog = consumers.app.get(GroupCatalog);
    expect(await catalog.trend(store.tenant, group)).toEqual([
      { at: standing.at, lag: 3, lagMs: standing.lagMs, pending: 1, appended: 4, done: 0, rates: undefined },
    ]);
    expect((await catalog.get(store.tenant, group)).rates).toEqual({ appended: 4 / 60, handled: 0 });
    const { journal } = store.store.keys.partition(store.tenant, 0);
    const { commands } = store.redis;
    const [first] = await commands.xrange(journal, '-', '+', 'COUNT', 1);
    await commands.xack(journal, group, first?.[0] ?? '');
    expect((await catalog.get(store.tenant, group)).rates).toEqual({ appended: 4 / 60, handled: 1 / 60 });
  });

  it('are those of the last hour, and cost nothing where nothing happens', async () => {
    const { group, store, consumers } = await start();
    const samples = consumers.app.get(TenantSamples);
    const standing = await standingOf(consumers, store.tenant, group);
    const idle = { ...standing, lag: 0, pending: 0, appendedLately: 0 };
    const { samples: key } = store.store.keys.group(store.tenant, 0, group);
    await samples.add(group, [idle]);
    expect(await store.redis.commands.exists(key)).toBe(0);
    for (let n = 1; n <= KEPT_TENANT_SAMPLES + 5; n++) await samples.add(group, [{ ...standing, lag: n }]);
    const lags = (await samples.list(store.tenant, group, 'all')).map(({ lag }) => lag);
    expect(lags).toEqual(Array.from({ length: KEPT_TENANT_SAMPLES }, (_, n) => KEPT_TENANT_SAMPLES + 5 - n));
    expect((await samples.list(store.tenant, group, 'latest')).length).toBeLessThan(10);
    expect(await store.redis.commands.llen(key)).toBe(KEPT_TENANT_SAMPLES);
    expect(await store.redis.commands.pttl(key)).toBeGreaterThan(3_600_000);
    expect(Number(await store.redis.commands.memory('USAGE', key))).toBeLessThan(32_768);
  });

  it('are written of the hundred tenants that are furthest behind', async () => {
    const { group, store, consumers } = await start();
    const samples = consumers.app.get(TenantSamples);
    const standing = await standingOf(consumers, store.tenant, group);
    const many = Array.from({ length: 150 }, (_, n) => ({
      ...standing,
      tenantId: `${store.tenant}-${n}`,
      lag: n,
    }));
    await samples.add(group, many);
    const counts = await Promise.all(
      many.map(async ({ tenantId }) => (await samples.list(tenantId, group, 'all')).length),
    );
    expect(counts).toEqual([...Array<number>(50).fill(0), ...Array<number>(100).fill(1)]);
  });
});

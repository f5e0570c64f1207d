import { afterEach, describe, expect, it } from '@jest/globals';
import { startConsumers, type TestConsumers } from '../../../test/support/consumer.js';
import { createTestStore, line, uniqueTenant } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { groupCountsKey, groupSamplerKey, groupSamplesKey } from '../../event-store/index.js';
import { GroupCatalog } from '../admin/group-info.js';
import { EventHandler } from '../handler/event-handler.decorator.js';
import type { Handler } from '../handler/handler.js';
import { HandlerResult } from '../handler/handler-result.js';
import { type GroupOverview, GroupOverviewReader } from './group-overview.js';
import { GroupSampler } from './group-sampler.js';
import { GroupSamples, KEPT_SAMPLES } from './group-samples.js';

describe('Samples of a group', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  async function process(tenant: string, handlers: (new () => Handler)[] = []): Promise<TestConsumers> {
    const consumers = await startConsumers(handlers, {
      commandTimeoutMs: 15_000,
      consumer: { tenants: [tenant] },
    });
    open.push(consumers);
    return consumers;
  }

  it('are written by one process at a time, with what all of them did', async () => {
    const group = uniqueTenant();
    @EventHandler({
      group,
      types: ['log.*'],
      from: 'start',
      maxAttempts: 2,
      backoff: { initialMs: 1, maxMs: 1 },
    })
    class Reader implements Handler {
      handle(event: { data: Record<string, unknown> }): HandlerResult {
        return event.data['line'] === 'bad' ? HandlerResult.fail('no') : HandlerResult.success();
      }
    }
    const store = await createTestStore();
    open.push(store);
    const run = await store.createRun();
    await store.store.append(
      store.tenant,
      run,
      ['a', 'b', 'bad'].map((text) => line(text)),
    );
    const [one, two] = [await process(store.tenant, [Reader]), await process(store.tenant, [Reader])];
    await eventually(
      'all have an outcome',
      () =>
        [...one.signals, ...two.signals].filter(
          (signal) =>
            signal.kind === 'settled' && (signal.outcome === 'succeeded' || signal.outcome === 'dead'),
        ).length === 3,
    );
    // What they did is said at the latest when they stop.
    await Promise.all([one.close(), two.close()]);

    const { commands } = store.redis;
    const counts = await commands.hgetall(groupCountsKey(group));
    const sum = (what: string): number =>
      Object.entries(counts).reduce((all, [name, n]) => all + (name.endsWith(what) ? Number(n) : 0), 0);
    expect([sum(':handled'), sum(':dead')]).toEqual([2, 1]);
    expect(sum(':failed')).toBeGreaterThanOrEqual(1);

    // Of those two, should they have come to it.
    await commands.del(groupSamplerKey(group), groupSamplesKey(group));
    const [left, right] = [await process(store.tenant), await process(store.tenant)];
    const written = await Promise.all([left, right].map(({ app }) => app.get(GroupSampler).sample(group)));
    expect(written.sort()).toEqual([false, true]);
    expect(await left.app.get(GroupSampler).sample(group)).toBe(false);
    expect(await commands.pttl(groupSamplerKey(group))).toBeGreaterThan(0);
    expect(await left.app.get(GroupCatalog).trend(store.tenant, group)).toHaveLength(1);
    const { rates } = await left.app.get(GroupOverviewReader).read(group);
    expect(rates.now.handled + rates.lastMinute.handled).toBeGreaterThan(0);
    const samples = await right.app.get(GroupSamples).list(group);
    expect(samples).toEqual([
      {
        at: expect.any(Number),
        handled: expect.any(Number),
        failed: expect.any(Number),
        dead: expect.any(Number),
        ...{ lag: 0, lagMs: 0, pending: 0, oldestPendingMs: 0, tenantsBehind: 0, isComplete: true },
      },
    ]);
  });

  it('are those of the last hour, oldest first', async () => {
    const group = uniqueTenant();
    const { app, redis } = await process(uniqueTenant());
    const samples = app.get(GroupSamples);
    const overview: GroupOverview = await app.get(GroupOverviewReader).read(group);
    for (let n = 1; n <= KEPT_SAMPLES + 5; n++) await samples.add({ ...overview, lag: n }, n * 60_000);
    const lags = (await samples.list(group)).map(({ lag }) => lag);
    expect(lags).toEqual(Array.from({ length: KEPT_SAMPLES }, (_, n) => n + 6));
    expect(await redis.commands.llen(groupSamplesKey(group))).toBe(KEPT_SAMPLES);
    expect(await redis.commands.pttl(groupSamplesKey(group))).toBeGreaterThan(0);
  });
});

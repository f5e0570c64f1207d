import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestApplication, startApplication } from '../../../test/support/application.js';
import { createTestStore, type TestStore } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { type RedisServer, startRedis } from '../../../test/support/redis.js';
import { upkeepKeys } from '../../../test/support/upkeep.js';
import { TENANTS_KEY } from '../../event-store/index.js';
import { partitionOf } from '../../stream-consumer/index.js';

const IDLE_SECONDS = 3;

describe('T246 runs of a tenant in which nothing comes', () => {
  let server: RedisServer;
  let a: TestStore;
  let b: TestStore;
  let service: TestApplication;
  const stream = (executor: string) => a.store.keys.partition(a.tenant, 0).dispatch(executor);
  const { walk, indexOf } = upkeepKeys('runs');
  const cursor = () => a.redis.commands.get(walk);
  const anotherRound = async (): Promise<void> => {
    const before = await cursor();
    await eventually('there was another round', async () => (await cursor()) !== before);
  };
  /** As if nothing had come for so long that only what the sweep has found there keeps it in the index; no walk finds it. */
  const forgetTouches = async (tenant: string): Promise<void> => {
    await a.redis.commands.srem(TENANTS_KEY, tenant);
    await a.redis.commands.zadd(indexOf(tenant), 1000, partitionOf(tenant));
    await anotherRound();
    await anotherRound();
  };

  beforeAll(async () => {
    server = await startRedis();
    const options = { url: server.url, runIdleTimeoutSeconds: IDLE_SECONDS };
    [a, b] = await Promise.all([createTestStore(options), createTestStore(options)]);
    // So many that the walk through them has come to another place after each round.
    await a.redis.commands.sadd(TENANTS_KEY, ...Array.from({ length: 300 }, (_, n) => `idle${n}`));
    service = await startApplication({
      redis: { url: server.url },
      tenancy: { enabled: true },
      events: { runIdleTimeoutSeconds: IDLE_SECONDS },
      runs: { sweepMs: 50 },
      executors: { enabled: false },
      consumer: { enabled: false },
    });
    await eventually('the first round is over', async () => (await cursor()) !== null);
  });
  afterAll(async () => {
    await service.close();
    await Promise.all([a.close(), b.close()]);
    await server.stop();
  });

  it('T246 a run whose dispatch is lost is dispatched again', async () => {
    await a.createRun('later');
    await forgetTouches(a.tenant);
    expect(await a.redis.commands.del(stream('later'))).toBe(1);
    await eventually('it is dispatched', async () => (await a.redis.commands.xlen(stream('later'))) === 1);
  });

  it('T246 a run whose producer is gone ends when its time has come', async () => {
    const id = await b.createRun();
    await forgetTouches(b.tenant);
    await eventually('it has ended', async () => (await b.runs.get(b.tenant, id)).status === 'failed');
  });
});

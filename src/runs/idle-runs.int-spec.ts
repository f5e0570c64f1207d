import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestApplication, startApplication } from '../../test/support/application.js';
import { createTestStore, type TestStore } from '../../test/support/event-store.js';
import { eventually } from '../../test/support/eventually.js';
import { type RedisServer, startRedis } from '../../test/support/redis.js';
import { upkeepKeys } from '../../test/support/upkeep.js';
import { TENANTS_KEY } from '../event-store/index.js';
import { partitionOf } from '../stream-consumer/index.js';

const IDLE_SECONDS = 3;

describe('T246 runs of a tenant in which nothing comes, among thousands', () => {
  let server: RedisServer;
  let a: TestStore;
  let service: TestApplication;
  const stream = (executor: string) => a.store.keys.partition(a.tenant, 0).dispatch(executor);
  const { walk, indexOf } = upkeepKeys('runs');
  const cursor = () => a.redis.commands.get(walk);
  const anotherRound = async (): Promise<void> => {
    const before = await cursor();
    await eventually('there was another round', async () => (await cursor()) !== before);
  };
  /** As if nothing had come for so long that only what the sweep has found there itself keeps it in the index. */
  const forgetTouches = async (): Promise<void> => {
    await a.redis.commands.zadd(indexOf(a.tenant), 1000, partitionOf(a.tenant));
    await anotherRound();
    await anotherRound();
  };

  beforeAll(async () => {
    server = await startRedis();
    a = await createTestStore({ url: server.url, runIdleTimeoutSeconds: IDLE_SECONDS });
    // The walk through all of them takes ten minutes.
    await a.redis.commands.sadd(TENANTS_KEY, ...Array.from({ length: 3000 }, (_, n) => `idle${n}`));
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
    await a.close();
    await server.stop();
  });

  it('T246 a run whose dispatch is lost is dispatched again', async () => {
    await a.createRun('later');
    await forgetTouches();
    expect(await a.redis.commands.del(stream('later'))).toBe(1);
    await eventually('it is dispatched', async () => (await a.redis.commands.xlen(stream('later'))) === 1);
  });

  it('T246 a run whose producer is gone ends when its time has come', async () => {
    const id = await a.createRun();
    await forgetTouches();
    await eventually('it has ended', async () => (await a.runs.get(a.tenant, id)).status === 'failed');
  });
});

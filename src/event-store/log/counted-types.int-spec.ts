import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandLog } from '../../../test/support/command-log.js';
import { createTestStore, line, type TestStore } from '../../../test/support/event-store.js';
import { type RedisServer, startRedis } from '../../../test/support/redis.js';
import { bucketOf, partitionOf, WORK_KEYS } from '../../stream-consumer/index.js';

describe('Events by type', () => {
  let redis: RedisServer;
  let one: TestStore;
  const events = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => ({
      event: { category: 'build', action: `a${from + i}` },
      data: {},
    }));

  beforeAll(async () => {
    redis = await startRedis();
    one = await createTestStore({ url: redis.url, types: ['build.*'] });
  });
  afterAll(async () => {
    await one.close();
    await redis.stop();
  });

  it('an append of a type that the run has had calls five commands', async () => {
    const { redis } = one;
    const channel = redis.channel(WORK_KEYS.channel(bucketOf(partitionOf(one.tenant))));
    const signalled = new Promise((resolve) => void redis.channels.subscribe(channel, { receive: resolve }));
    const runId = await one.createRun();
    const token = { event: { category: 'llm', action: 'stream' }, data: {} };
    // That there is a new run.
    await signalled;
    await one.store.append(one.tenant, runId, [token]);
    const log = await CommandLog.of(one);
    for (let i = 0; i < 10; i++) await one.store.append(one.tenant, runId, [token]);
    const calls = await log.take();
    log.stop();
    // The watchdog's, and those of tests.
    for (const name of ['ping', 'psetex', 'command', 'info', 'client']) calls.delete(name);
    expect(Object.fromEntries(calls)).toEqual({
      evalsha: 10,
      hmget: 10,
      hset: 10,
      spublish: 10,
      time: 10,
      xadd: 10,
    });
  });

  it('J17 are counted for the first 200 types, and together for all others', async () => {
    const runId = await one.createRun();
    for (let from = 0; from < 5000; from += 1000) {
      await one.store.append(one.tenant, runId, events(from, from + 1000));
    }
    await one.store.append(one.tenant, runId, [line('late')]);
    const { events: counts, sequence } = await one.runs.get(one.tenant, runId);
    expect(Object.keys(counts)).toHaveLength(201);
    expect(counts['lifecycle.started']).toBe(1);
    expect(counts['other']).toBe(5002 - 200);
    expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(sequence);

    const counted = Object.keys(counts).find((type) => type.startsWith('build.'))!;
    await one.store.append(one.tenant, runId, events(Number(counted.slice(7)), Number(counted.slice(7)) + 1));
    await one.store.append(one.tenant, runId, [line('later')]);
    const after = (await one.runs.get(one.tenant, runId)).events;
    expect([after[counted], after['other'], Object.keys(after).length]).toEqual([2, 4803, 201]);
    const { run } = one.store.keys.run(one.tenant, runId);
    expect(await one.redis.commands.memory('USAGE', run)).toBeLessThan(64 * 1024);
  });
});

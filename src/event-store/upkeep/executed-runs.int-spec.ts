import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestStore, type TestStore } from '../../../test/support/event-store.js';
import { CommandLog } from '../../../test/support/command-log.js';
import { type RedisServer, startRedis } from '../../../test/support/redis.js';
import { newRunId } from '../log/runs/run-id.js';
import { RunSweep } from './run-sweep.js';

const WAITING = 4500;

describe('T282 runs that wait for an executor that nobody has', () => {
  let server: RedisServer;
  let a: TestStore;
  let sweep: RunSweep;
  let held: string;
  const keys = () => a.store.keys.partition(a.tenant, 0);
  const dispatched = () => a.redis.commands.xlen(keys().dispatch('absent'));
  const callsOf = async (work: () => Promise<unknown>) => {
    const log = await CommandLog.of(a);
    await work();
    const calls = await log.take();
    log.stop();
    return calls;
  };

  beforeAll(async () => {
    server = await startRedis();
    a = await createTestStore({ url: server.url });
    sweep = a.app.get(RunSweep);
    const { commands } = a.redis;
    const ids = Array.from({ length: WAITING }, () => newRunId());
    const records = commands.pipeline();
    for (const id of ids)
      records.hset(a.store.keys.run(a.tenant, id).run, {
        ...{ id, status: 'pending', executor: 'absent', dispatch: '1-1' },
        ...{ sequence: 0, last_ms: 1, fence: 0, attempt: 0, labels: '{}' },
      });
    await records.exec();
    await commands.zadd(keys().runs, ...ids.flatMap((id) => [0, id]));
    await commands.zadd(keys().active, ...ids.flatMap((id) => ['+inf', id]));
    await commands.zadd(keys().index, ...ids.flatMap((id) => [0, `spending\0${id}`]));
    // The newest of all.
    held = await a.createRun('lost');
    await a.takeUp(held, 'lost');
    // And one with a deadline.
    await a.createRun();
  });
  afterAll(async () => {
    await a.close();
    await server.stop();
  });

  it('T282 are looked at in parts, and each of them in its turn', async () => {
    const made: number[] = [];
    for (let n = 0; n < 6; n++) {
      const calls = await callsOf(async () => {
        const found = await sweep.findLost(a.tenant);
        expect(found.executed).toBe(true);
        made.push(found.dispatched);
      });
      // With those that an executor has, of which there is one.
      expect(calls.get('hget')).toBeLessThanOrEqual(2001);
    }
    expect(made).toEqual([2000, 2000, 500, 0, 0, 0]);
    expect(await dispatched()).toBe(WAITING);
  });

  it('T282 and none is passed over since others have gone', async () => {
    const all = await a.redis.commands.zrangebyscore(keys().active, '+inf', '+inf');
    await a.redis.commands.del(keys().dispatch('absent'));
    const remove = (ids: string[]) => Promise.all(ids.map((id) => a.store.delete(a.tenant, id)));
    const made: number[] = [];
    const look = async () => made.push((await sweep.findLost(a.tenant)).dispatched);
    await look();
    await remove(all.slice(100, 150));
    await look();
    // Behind which it would go on.
    await remove([all[3999]!]);
    await look();
    expect(made).toEqual([2000, 2000, 500]);
  });

  it('T283 do not delay what an executor has: each call looks at it', async () => {
    await a.redis.commands.hset(a.store.keys.run(a.tenant, held).run, 'lease', 1);
    for (let n = 0; n < 3; n++) {
      const { lapsed } = await sweep.findLost(a.tenant);
      expect(lapsed).toEqual([{ runId: held, executor: 'lost', lapsedMs: expect.any(Number) }]);
    }
  });
});

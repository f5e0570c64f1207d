import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { completed, createTestStore, line, type TestStore } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import type { EventInput } from '../../events/index.js';
import { RunSweep } from './run-sweep.js';

const LOST: EventInput = {
  event: { category: 'lifecycle', action: 'failed' },
  data: { error: 'producer lost' },
};

describe('T70 runs that nobody works on any more', () => {
  let a: TestStore;
  let never: TestStore;
  let sweep: RunSweep;
  const statusOf = async (id: string) => (await a.runs.get(a.tenant, id)).status;
  const active = () => a.store.keys.partition(a.tenant, 0).active;
  const deadlineOf = async (id: string) =>
    Number((await a.redis.commands.zscore(active(), id))?.replace('inf', 'Infinity'));
  /** As if nothing had been appended for long. */
  const makeOverdue = (id: string) => Promise.all([a.redis.commands.zadd(active(), 1, id), setLast(id, 1)]);
  /** As if its last event had been appended then. */
  const setLast = (id: string, ms: number) =>
    a.redis.commands.hset(a.store.keys.run(a.tenant, id).run, 'last_ms', ms);

  beforeAll(async () => {
    a = await createTestStore({ runIdleTimeoutSeconds: 5 });
    never = await createTestStore({ runIdleTimeoutSeconds: 0, tenant: a.tenant });
    sweep = a.app.get(RunSweep);
    await eventually('Redis is up for long enough', () => a.redis.hasBeenSteadyFor(5000, 'any'));
  });
  afterAll(async () => {
    await Promise.all([a.close(), never.close()]);
  });

  it('end when they are overdue, and no others', async () => {
    const [overdue, busy, over, executed] = [
      await a.createRun(),
      await a.createRun(),
      await a.createRun(),
      await a.createRun('later'),
    ];
    await a.store.append(a.tenant, over, [completed()]);
    for (const id of [overdue, busy, executed]) await makeOverdue(id);
    // An append makes it due later again.
    await a.store.append(a.tenant, busy, [line('x')]);
    expect(await sweep.endIdle(a.tenant, LOST)).toBe(1);
    expect(await a.runs.get(a.tenant, overdue)).toMatchObject({
      status: 'failed',
      error: 'producer lost',
      sequence: 2,
      expiresAt: expect.any(Number),
    });
    expect(await Promise.all([busy, over, executed].map(statusOf))).toEqual([
      'running',
      'completed',
      'pending',
    ]);
    expect(await sweep.endIdle(a.tenant, LOST)).toBe(0);
    await a.redis.commands.zadd(active(), '+inf', executed);
  });

  it('end once, though several processes see it; an append that is first keeps them', async () => {
    const ids = await Promise.all(Array.from({ length: 100 }, () => a.createRun()));
    await Promise.all(ids.map(makeOverdue));
    const kept = ids.filter((_, i) => i % 2 === 0);
    // Between looking and ending.
    const look = a.redis.commands.zrangebyscore.bind(a.redis.commands);
    const looking = jest.spyOn(a.redis.commands, 'zrangebyscore').mockImplementation(async (...args) => {
      const found = await look(...args);
      await Promise.all(kept.map((id) => a.store.append(a.tenant, id, [line('x')])));
      // However long that took.
      await Promise.all(kept.map((id) => setLast(id, Date.now() + 60_000)));
      return found;
    });
    const ended = await Promise.all([sweep.endIdle(a.tenant, LOST), sweep.endIdle(a.tenant, LOST)]);
    looking.mockRestore();
    expect(ended[0] + ended[1]).toBe(50);
    for (const id of ids) {
      const { status, events } = await a.runs.get(a.tenant, id);
      const isKept = kept.includes(id);
      expect([status, events['lifecycle.failed']]).toEqual(isKept ? ['running', undefined] : ['failed', 1]);
    }
  });

  it('have their deadline put off by the sweep, however many live, and not by each append', async () => {
    const ids = await Promise.all(Array.from({ length: 450 }, () => a.createRun()));
    await Promise.all(ids.map(makeOverdue));
    const [lost, ...living] = ids;
    for (const id of living) await a.store.append(a.tenant, id, [line('x')]);
    expect(await deadlineOf(living[0]!)).toBe(1);
    const before = Date.now();
    // However long that took, the last event of none is old.
    await Promise.all(living.map((id) => setLast(id, before + 60_000)));
    expect(await sweep.endIdle(a.tenant, LOST)).toBeGreaterThan(0);
    expect(await statusOf(lost!)).toBe('failed');
    for (const id of living) expect(await deadlineOf(id)).toBeGreaterThan(before - 1000);
    await Promise.all(living.map((id) => a.store.delete(a.tenant, id)));
  });

  it('get a deadline, though they were created when runs had none', async () => {
    const id = await never.createRun();
    expect(await deadlineOf(id)).toBe(Infinity);
    await sweep.findLost(a.tenant);
    expect(await deadlineOf(id)).toBeLessThan(Infinity);
    await a.store.delete(a.tenant, id);
  });

  it('never end when the idle time is 0', async () => {
    const id = await never.createRun();
    await makeOverdue(id);
    expect(await never.app.get(RunSweep).endIdle(a.tenant, LOST)).toBe(0);
    expect(await statusOf(id)).toBe('running');
    await a.store.delete(a.tenant, id);
  });

  it('and those that expired leave the indexes', async () => {
    const b = await createTestStore();
    const ids = await Promise.all(Array.from({ length: 450 }, () => b.createRun()));
    const gone = ids.filter((_, i) => i % 3 === 0);
    for (const id of gone) await b.redis.commands.del(b.store.keys.run(b.tenant, id).run);
    expect(await b.app.get(RunSweep).forgetExpired(b.tenant)).toBe(gone.length);
    const { runs, active: unended } = b.store.keys.partition(b.tenant, 0);
    expect(await b.redis.commands.zcard(runs)).toBe(300);
    expect(await b.redis.commands.zcard(unended)).toBe(300);
    expect(await b.app.get(RunSweep).forgetExpired(b.tenant)).toBe(0);
    await b.close();
  });

  it('end when their executor was lost and nobody has it any more, unless it comes back', async () => {
    const [id, living] = [await a.createRun('gone'), await a.createRun('gone')];
    for (const one of [id, living]) await a.takeUp(one, 'gone');
    const run = a.store.keys.run(a.tenant, id).run;
    await a.redis.commands.hset(run, 'lease', 1);
    const { lapsed } = await sweep.findLost(a.tenant);
    expect(lapsed).toEqual([{ runId: id, executor: 'gone', lapsedMs: expect.any(Number) }]);
    const asIfLost = { runId: living, executor: 'gone', lapsedMs: 1 };
    expect(await sweep.endAbandoned(a.tenant, asIfLost, 1000, LOST)).toBe(false);
    expect(await sweep.endAbandoned(a.tenant, lapsed[0]!, 1000, LOST)).toBe(true);
    expect(await statusOf(id)).toBe('failed');
    expect(await statusOf(living)).toBe('running');
    // The executor that was lost may come back, but its fence has passed on.
    await expect(a.store.append(a.tenant, id, [line('x')], { fence: 1 })).rejects.toThrow();
  });
});

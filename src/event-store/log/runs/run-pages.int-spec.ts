import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { commandCalls, createTestStore, type TestStore, upTo } from '../../../../test/support/event-store.js';
import { type RedisServer, startRedis } from '../../../../test/support/redis.js';
import type { RunFilter } from './run-filter.js';
import { indexMember, termOf } from './run-index.js';

const MANY = 25_000;

describe('T281 a page of runs costs what it holds', () => {
  let server: RedisServer;
  let a: TestStore;
  /** The oldest. */
  let rare: string;

  /** Stands for runs that are newer than all others: only the index knows them. */
  const pretend = async (term: string, digit: string) => {
    const ids = upTo(MANY).map((n) => `r0_z${digit}${String(n).padStart(24, '0')}`);
    const { runs, index } = a.store.keys.partition(a.tenant, 0);
    await a.redis.commands.zadd(runs, ...ids.flatMap((id) => [0, id]));
    await a.redis.commands.zadd(index, ...ids.flatMap((id) => [0, indexMember(term, id)]));
  };
  const list = async (filter: RunFilter) => {
    await a.redis.commands.config('RESETSTAT');
    const pages: string[][] = [];
    let next: string | undefined;
    do {
      const page = await a.runs.list(a.tenant, filter, 10, next);
      pages.push(page.runs.map(({ id }) => id));
      next = page.next;
    } while (next !== undefined);
    return { pages, calls: await commandCalls(a.redis.commands) };
  };

  beforeAll(async () => {
    server = await startRedis();
    a = await createTestStore({ url: server.url });
    const labels = { rare: 'yes', many: 'yes' };
    rare = (await a.runs.create(a.tenant, { task: 'x', executor: 'many', labels })).run.id;
    await pretend(termOf.label('many', 'yes'), '1');
    await pretend(termOf.executor('many'), '2');
  });
  afterAll(async () => {
    await a.close();
    await server.stop();
  });

  it('T281 a rare label is found at once, whatever else is asked for', async () => {
    const label = { name: 'rare', value: 'yes' };
    for (const filter of [
      { label },
      { label, executor: 'many' },
      { label, status: ['pending', 'running'] },
    ] as const) {
      const { pages, calls } = await list(filter);
      expect(pages).toEqual([[rare]]);
      // Of each term of one condition.
      expect(calls('zrevrangebylex')).toBeLessThanOrEqual(2);
      expect(calls('hgetall')).toBe(1);
    }
  });

  it('T281 a status is found without a look at those that stand otherwise', async () => {
    const { pages, calls } = await list({ status: ['pending', 'failed'] });
    expect(pages).toEqual([[rare]]);
    expect([calls('zrevrangebylex'), calls('hgetall')]).toEqual([2, 1]);
    expect((await list({ status: 'failed' })).pages).toEqual([[]]);
  });

  it('T281 where two have many runs and hardly one together, a page looks at some and says where to go on', async () => {
    const { pages, calls } = await list({ label: { name: 'many', value: 'yes' }, executor: 'many' });
    expect(pages).toEqual([[], [], [rare]]);
    expect(calls('zscore')).toBe(MANY + 1);
    expect(calls('hgetall')).toBe(1);
  });
});

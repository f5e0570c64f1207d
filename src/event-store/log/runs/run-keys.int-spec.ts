import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  commandCalls,
  completed,
  createTestStore,
  type TestStore,
  upTo,
} from '../../../../test/support/event-store.js';
import { type RedisServer, startRedis } from '../../../../test/support/redis.js';
import { RunSweep } from '../../upkeep/run-sweep.js';
import type { RunFilter } from './run-filter.js';

describe('Runs of a key', () => {
  let a: TestStore;
  const open: TestStore[] = [];
  beforeAll(async () => {
    open.push((a = await createTestStore()));
  });
  afterAll(async () => {
    await Promise.all(open.map((store) => store.close()));
  });

  const create = async (
    store: TestStore,
    key?: string,
    more: { executor?: string; labels?: object } = {},
  ) => {
    const { run } = await store.runs.create(store.tenant, { task: 'x', key, ...(more as object) });
    return run.id;
  };
  const createSome = async (store: TestStore, key: string, count: number) => {
    const ids: string[] = [];
    for (let n = 0; n < count; n++) ids.push(await create(store, key));
    return ids.reverse();
  };
  /** All pages, and how many they were. */
  const list = async (store: TestStore, filter: RunFilter, limit = 1000) => {
    const ids: string[] = [];
    let next: string | undefined;
    let pages = 0;
    do {
      const page = await store.runs.list(store.tenant, filter, limit, next);
      ids.push(...page.runs.map(({ id }) => id));
      next = page.next;
      pages++;
    } while (next !== undefined);
    return { ids, pages };
  };
  const indexOf = (store: TestStore) => store.store.keys.partition(store.tenant, 0).index;
  /** Of the index what stands there for keys. */
  const index = (store: TestStore) => store.redis.commands.zrangebylex(indexOf(store), '[k', '(l');

  /** How often a command is carried out meanwhile, inside of scripts too: on a server of its own. */
  async function callsOf(store: TestStore, work: () => Promise<unknown>): Promise<(name: string) => number> {
    await store.redis.commands.config('RESETSTAT');
    await work();
    return commandCalls(store.redis.commands);
  }

  it('are listed newest first, page by page, and no others with them', async () => {
    // Neighbours of a key, in the order of bytes too.
    const keys = ['a', 'a ', 'a!', 'aa', 'aé', 'A', 'b', '👍', '*', '[a', '(a', '-', '+'];
    const runs = new Map<string, string[]>();
    for (const key of keys) runs.set(key, await createSome(a, key, 3));
    await create(a);
    for (const [key, ids] of runs) {
      expect(await list(a, { key })).toEqual({ ids, pages: 1 });
      expect(await list(a, { key }, 1)).toEqual({ ids, pages: 3 });
      expect(await list(a, { key }, 2)).toEqual({ ids, pages: 2 });
    }
    expect((await list(a, {})).ids).toHaveLength(3 * keys.length + 1);
    expect((await a.runs.list(a.tenant, { key: 'a' }, 10)).runs.map(({ key }) => key)).toEqual([
      'a',
      'a',
      'a',
    ]);
    expect(await list(a, { key: 'nobody has it' })).toEqual({ ids: [], pages: 1 });
  });

  it('are filtered as all runs are', async () => {
    const key = 'filtered';
    const [ended, labelled] = [await create(a, key), await create(a, key, { labels: { n: '1' } })];
    const [other, waiting] = [await create(a, 'other'), await create(a, key, { executor: 'later' })];
    for (const id of [ended, other]) await a.store.append(a.tenant, id, [completed()]);
    expect((await list(a, { key, status: 'completed' })).ids).toEqual([ended]);
    expect((await list(a, { key, label: { name: 'n', value: '1' } })).ids).toEqual([labelled]);
    expect((await list(a, { key, executor: 'later' })).ids).toEqual([waiting]);
    expect((await list(a, { key, executor: 'later', status: 'completed' })).ids).toEqual([]);
  });

  it('are one tenant’s alone', async () => {
    const other = await createTestStore();
    open.push(other);
    const [mine, theirs] = [await create(a, 'shared'), await create(other, 'shared')];
    expect((await list(a, { key: 'shared' })).ids).toEqual([mine]);
    expect((await list(other, { key: 'shared' })).ids).toEqual([theirs]);
    expect(
      (await a.runs.list(a.tenant, { key: 'shared' }, 10, theirs)).runs.every(({ id }) => id === mine),
    ).toBe(true);
    await other.store.delete(other.tenant, theirs);
    expect((await list(a, { key: 'shared' })).ids).toEqual([mine]);
  });

  it('begin again with each call, unless it is the same request', async () => {
    const request = { key: 'request of a key', fingerprint: 'one' };
    const make = (key: string) => a.runs.create(a.tenant, { task: 'x', key }, request);
    const first = await make('line');
    expect(await make('line')).toEqual({ run: first.run, replayed: true });
    const second = await create(a, 'line');
    expect((await list(a, { key: 'line' })).ids).toEqual([second, first.run.id]);
  });

  it('leave the index when they are deleted, and it goes with the last', async () => {
    const store = await createTestStore();
    open.push(store);
    const ids = await createSome(store, 'k', 3);
    await store.store.delete(store.tenant, ids[1]!);
    expect((await list(store, { key: 'k' }, 1)).ids).toEqual([ids[0], ids[2]]);
    expect(await index(store)).toHaveLength(2);
    for (const id of [ids[0]!, ids[2]!]) await store.store.delete(store.tenant, id);
    expect(await store.redis.commands.exists(indexOf(store))).toBe(0);
  });

  it('leave the index when they have expired: those that a list meets, and all with the sweep', async () => {
    const store = await createTestStore();
    open.push(store);
    const sweep = store.app.get(RunSweep);
    const all = await Promise.all(upTo(450).map((n) => create(store, n % 2 ? 'odd' : `even ${n}`)));
    const expire = (ids: string[]) =>
      Promise.all(ids.map((id) => store.redis.commands.del(store.store.keys.run(store.tenant, id).run)));
    const odd = (await list(store, { key: 'odd' })).ids;
    expect(odd).toHaveLength(225);
    await expire(odd.slice(0, 10));
    expect((await list(store, { key: 'odd' }, 7)).ids).toEqual(odd.slice(10));
    expect(await index(store)).toHaveLength(440);

    const left = odd.at(-1);
    await expire(all.filter((id) => id !== left));
    await sweep.forgetExpired(store.tenant);
    expect(sweep.isComparing(store.tenant)).toBe(false);
    expect(await index(store)).toEqual([`kodd\0${left}`]);
    await expire([left!]);
    await sweep.forgetExpired(store.tenant);
    expect(await store.redis.commands.exists(indexOf(store))).toBe(0);
  });

  describe('cost', () => {
    let server: RedisServer;
    let alone: TestStore;
    beforeAll(async () => {
      server = await startRedis();
      alone = await createTestStore({ url: server.url });
    });
    afterAll(async () => {
      await alone.close();
      await server.stop();
    });

    it('one look into the index and their records, however many others are newer', async () => {
      const ids = await createSome(alone, 'mine', 2);
      await Promise.all(upTo(300).map((n) => create(alone, n % 2 ? 'others' : undefined)));
      await list(alone, { key: 'mine' });
      let found: string[] = [];
      const calls = await callsOf(alone, async () => {
        found = (await list(alone, { key: 'mine' })).ids;
      });
      expect(found).toEqual(ids);
      expect([calls('zrevrangebylex'), calls('hgetall')]).toEqual([1, 2]);
    });

    it('no command in the script that creates them: all that the index holds of a run is added by one', async () => {
      for (const key of [undefined, 'k']) await create(alone, key);
      const without = await callsOf(alone, () => create(alone));
      const keyed = await callsOf(alone, () => create(alone, 'k'));
      expect(without('zadd')).toBe(3);
      for (const name of ['zadd', 'zrem', 'zcard', 'hset', 'xadd', 'hmget', 'exists', 'expire'])
        expect([name, keyed(name)]).toEqual([name, without(name)]);
    });
  });
});

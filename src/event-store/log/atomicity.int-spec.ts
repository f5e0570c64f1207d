import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { completed, createTestStore, line, type TestStore } from '../../../test/support/event-store.js';
import { readRunContext } from '../../events/index.js';

const request = { key: 'request', fingerprint: 'one' };

/**
 * Redis does not undo a script that fails half-way. Here each key that a script touches has, in turn, a type that
 * makes the step fail which uses it.
 */
describe('T67 A script that fails', () => {
  let a: TestStore;
  let run: string;

  beforeEach(async () => {
    a = await createTestStore();
    run = await a.createRun();
    await a.store.append(a.tenant, run, [line('x', { idempotency_key: 'x' })]);
  });
  afterEach(async () => {
    await a.close();
  });

  const partition = () => a.store.keys.partitionOf(a.tenant, run);

  /** Every key of this tenant with its content. (Not its DUMP: reading alone may reorder a hash.) */
  async function everything(): Promise<Map<string, string>> {
    const { commands } = a.redis;
    const read: Record<string, (key: string) => Promise<unknown>> = {
      string: (key) => commands.get(key),
      set: (key) => commands.smembers(key),
      zset: (key) => commands.call('ZRANGE', key, '0', '-1', 'WITHSCORES'),
      stream: (key) => commands.xrange(key, '-', '+'),
      hash: async (key) =>
        Object.entries(await commands.hgetall(key))
          .map(String)
          .sort(),
    };
    const found = new Map<string, string>();
    for (const key of (await commands.keys(`tenant:${a.tenant}:*`)).sort()) {
      found.set(key, JSON.stringify(await read[await commands.type(key)]?.(key)));
    }
    return found;
  }

  /** Gives the key a type that no script uses. */
  async function spoil(key: string): Promise<void> {
    await a.redis.commands.multi().del(key).sadd(key, 'not what it should be').exec();
  }

  const append = () =>
    a.store.append(
      a.tenant,
      run,
      [line('y', { idempotency_key: 'y' }), line('x', { idempotency_key: 'x' }), completed()],
      { request },
    );

  const create = (executor: string) =>
    a.runs.create(
      a.tenant,
      { executor, task: 'x', key: 'a key', input: {}, labels: {}, context: readRunContext(null) },
      request,
    );

  it.each(['run', 'events', 'idempotencyKeys'] as const)(
    'appending, at the run’s %s, writes nothing',
    async (name) => {
      await spoil(a.store.keys.run(a.tenant, run)[name]);
      const before = await everything();
      await expect(append()).rejects.toThrow('WRONGTYPE');
      expect(await everything()).toEqual(before);
    },
  );

  it.each(['journal', 'journalLast', 'active', 'index', 'request'] as const)(
    'appending, at the %s of the partition, writes nothing',
    async (name) => {
      const keys = partition();
      await spoil(name === 'request' ? keys.request(request.key) : keys[name]);
      const before = await everything();
      await expect(append()).rejects.toThrow('WRONGTYPE');
      expect(await everything()).toEqual(before);
    },
  );

  for (const executor of ['external', 'later']) {
    it.each(['journal', 'journalLast', 'active', 'runs', 'index', 'dispatch', 'request'] as const)(
      `creating a run (${executor}), at the %s of the partition, writes nothing`,
      async (name) => {
        const keys = partition();
        const key = { ...keys, request: keys.request(request.key), dispatch: keys.dispatch(executor) }[name];
        await spoil(key);
        const before = await everything();
        await expect(create(executor)).rejects.toThrow('WRONGTYPE');
        expect(await everything()).toEqual(before);
      },
    );
  }

  it.each(['active', 'runs', 'index'] as const)('deleting, at %s, deletes nothing', async (name) => {
    run = (await create('external')).run.id;
    await spoil(partition()[name]);
    const before = await everything();
    await expect(a.store.delete(a.tenant, run)).rejects.toThrow('WRONGTYPE');
    const after = await everything();
    after.delete(partition().journal);
    before.delete(partition().journal);
    expect(after).toEqual(before);
  });

  it('appending works again once the cause is gone', async () => {
    const { active } = partition();
    await spoil(active);
    await expect(append()).rejects.toThrow('WRONGTYPE');
    await a.redis.commands.del(active);
    expect(await append()).toMatchObject({ count: 2, duplicates: 1, replayed: false });
    const { status, sequence } = await a.runs.get(a.tenant, run);
    expect({ status, sequence }).toEqual({ status: 'completed', sequence: 4 });
    expect(await a.store.info(a.tenant, run)).toMatchObject({ length: 4 });
  });
});

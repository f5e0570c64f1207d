import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestStore, line, type TestStore } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';

describe('The answer to an idempotent request', () => {
  let one: TestStore;
  let count = 0;
  const aKey = () => `key-${count++}`;
  const create = (key: string, executor = 'external', fingerprint = 'same') =>
    one.runs.create(one.tenant, { task: 'secret', executor, input: { n: 1 } }, { key, fingerprint });
  const append = (runId: string, key: string) =>
    one.store.append(one.tenant, runId, [line('a')], { request: { key, fingerprint: `of ${runId}` } });
  const end = { event: { category: 'lifecycle', action: 'completed' }, data: { result: 'done' } };

  beforeAll(async () => {
    one = await createTestStore({ ttlSeconds: 1, runTtlSeconds: 1 });
  });
  afterAll(() => one.close());

  it('J16 is forgotten with the run, so that the request makes another one', async () => {
    const key = aKey();
    const { run } = await create(key);
    await one.store.delete(one.tenant, run.id);
    const again = await create(key);
    expect(again.replayed).toBe(false);
    expect(again.run.id).not.toBe(run.id);
    expect(await create(key)).toEqual({ run: again.run, replayed: true });
    await one.store.delete(one.tenant, again.run.id);
    expect(await create(key, 'external', 'another')).toMatchObject({ replayed: false });
  });

  it('J16 is forgotten when the run is past its retention', async () => {
    const key = aKey();
    const { run } = await create(key);
    await one.store.append(one.tenant, run.id, [end]);
    await eventually('it is gone', async () => (await create(key)).run.id !== run.id);
  });

  it('J16 makes one run of many requests at once after a deletion', async () => {
    const key = aKey();
    const { run } = await create(key);
    await one.store.delete(one.tenant, run.id);
    const all = await Promise.all(Array.from({ length: 10 }, () => create(key)));
    expect(new Set(all.map((each) => each.run.id)).size).toBe(1);
    expect(all.filter(({ replayed }) => !replayed)).toHaveLength(1);
  });

  it.each(['external', 'somebody'])('is the run as it was created, by %s', async (executor) => {
    const key = aKey();
    const first = await create(key, executor);
    if (executor === 'external') await append(first.run.id, aKey());
    await one.store.append(one.tenant, first.run.id, [line('b'), end]);
    expect(await create(key, executor)).toEqual({ run: first.run, replayed: true });
  });

  it('J16 is forgotten with the run that was appended to', async () => {
    const key = aKey();
    const [first, second] = [await one.createRun(), await one.createRun()];
    const ids = (await append(first, key)).ids;
    expect(await append(first, key)).toMatchObject({ ids, replayed: true });
    await expect(append(second, key)).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    await one.store.delete(one.tenant, first);
    await expect(append(first, key)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    expect(await append(second, key)).toMatchObject({ count: 1, replayed: false });
  });

  it('J16 holds nothing of what the run is about', async () => {
    const key = aKey();
    const { run } = await create(key);
    const partition = one.store.keys.partitionOf(one.tenant, run.id);
    expect(await one.redis.commands.get(partition.request(key))).toBe(`same\n${run.id}\n`);
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestStore, type TestStore } from '../../../../test/support/event-store.js';
import { spreadOver } from '../../../../test/support/partitions.js';
import { IdempotencyConflictError } from '../../../common/index.js';
import { spread } from '../../partitions/spread.js';
import { partitionOfRun } from './run-id.js';

/** A key whose partition is another one after a raise from one to four. */
function movedKeys(count: number): string[] {
  const keys: string[] = [];
  for (let n = 0; keys.length < count; n++)
    if (spread(4, `request ${n}`, undefined) !== 0) keys.push(`request ${n}`);
  return keys;
}

describe('New runs of a tenant with several partitions', () => {
  let a: TestStore;
  let b: TestStore;
  beforeEach(async () => {
    a = await createTestStore();
    b = await createTestStore({ tenant: a.tenant });
  });
  afterEach(() => Promise.all([a.close(), b.close()]));

  const make = (store: TestStore, key: string, fingerprint = 'one', runKey?: string) =>
    store.runs.create(
      a.tenant,
      { task: 'x', ...(runKey !== undefined && { key: runKey }) },
      { key, fingerprint },
    );

  it('are spread over all of them, those of one key in one, and found by their ids', async () => {
    await spreadOver(a, 4);
    const made = await Promise.all(Array.from({ length: 60 }, () => a.createRun()));
    expect(new Set(made.map(partitionOfRun))).toEqual(new Set([0, 1, 2, 3]));
    for (const id of made) expect((await b.runs.get(a.tenant, id)).id).toBe(id);
    const ofKey = await Promise.all(
      Array.from({ length: 5 }, () => a.runs.create(a.tenant, { task: 'x', key: 'chat 7' })),
    );
    expect(new Set(ofKey.map(({ run }) => partitionOfRun(run.id))).size).toBe(1);
  });

  it('T286 a request that is sent again across a raise gets the run that it had before', async () => {
    const keys = movedKeys(5);
    const before = await Promise.all(keys.map((key) => make(a, key)));
    await spreadOver(a, 4);
    for (const store of [a, b]) {
      for (const [i, key] of keys.entries()) {
        const { run, replayed } = await make(store, key);
        expect([run.id, replayed]).toEqual([before[i]!.run.id, true]);
        await expect(make(store, key, 'two')).rejects.toThrow(IdempotencyConflictError);
      }
    }
  });

  it('T286 of many that ask at once, with and without knowledge of the raise, all get one run', async () => {
    // The other store does not hear of it for as long as it does not ask.
    await spreadOver(a, 4);
    expect([a, b].map(({ store }) => store.partitions.writtenOf(a.tenant))).toEqual([4, 1]);
    for (const key of movedKeys(20)) {
      const asked = await Promise.all(Array.from({ length: 6 }, (_, n) => make(n % 2 ? a : b, key)));
      expect(new Set(asked.map(({ run }) => run.id)).size).toBe(1);
      expect(asked.filter(({ replayed }) => !replayed)).toHaveLength(1);
    }
  });

  it('T286 a run that was promised and not made is made by who asks next, and one that was deleted is another', async () => {
    const [key = ''] = movedKeys(1);
    await spreadOver(a, 4);
    const promised = (await make(a, key)).run.id;
    expect(partitionOfRun(promised)).not.toBe(0);
    // As if the process had died between the two steps.
    const keys = a.store.keys.partitionOf(a.tenant, promised);
    const { runs, journal, active } = keys;
    await a.redis.commands.del(
      a.store.keys.run(a.tenant, promised).run,
      keys.request(key),
      runs,
      journal,
      active,
    );
    await expect(make(b, key, 'another request')).rejects.toThrow(IdempotencyConflictError);
    expect(await make(a, key)).toMatchObject({ run: { id: promised }, replayed: false });
    expect(await make(a, key)).toMatchObject({ run: { id: promised }, replayed: true });
    await a.store.delete(a.tenant, promised);
    const next = await make(a, key);
    expect(next.replayed).toBe(false);
    expect(next.run.id).not.toBe(promised);
    expect((await make(a, key)).run.id).toBe(next.run.id);
  });

  it('T286 the same request key with another run key is another request', async () => {
    await spreadOver(a, 4);
    await make(a, 'one request', 'one', 'chat 1');
    for (const runKey of ['chat 2', 'chat 3', 'chat 4'])
      await expect(make(a, 'one request', runKey, runKey)).rejects.toThrow(IdempotencyConflictError);
  });
});

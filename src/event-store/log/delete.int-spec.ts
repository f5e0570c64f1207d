import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  appendLines,
  completed,
  createTestStore,
  line,
  type TestStore,
  upTo,
  watchRun,
} from '../../../test/support/event-store.js';
import { RunExpiredError, RunNotFoundError } from '../../common/index.js';

describe('A run goes', () => {
  let a: TestStore;
  let b: TestStore;
  beforeAll(async () => {
    a = await createTestStore({ ttlSeconds: 600, runTtlSeconds: 900 });
    b = await createTestStore({ tenant: a.tenant });
  });
  afterAll(async () => {
    await a.close();
    await b.close();
  });

  const journalRuns = async (run: string) => {
    const entries = await a.redis.commands.xrange(a.store.keys.partitionOf(a.tenant, run).journal, '-', '+');
    return entries.map(([, fields]) => fields[1]);
  };

  /** But for the word that it was deleted, which goes after some minutes. */
  const keysOf = async (run: string): Promise<string[]> => {
    const { deleted } = a.store.keys.run(a.tenant, run);
    const keys = await a.redis.commands.keys(`*${run}*`);
    if (keys.includes(deleted)) expect(await a.redis.commands.ttl(deleted)).toBeGreaterThan(0);
    return keys.filter((key) => key !== deleted);
  };

  it('when it is deleted: record, log, keys, indexes and journal entries, and its watchers are told', async () => {
    const [gone, stays] = [await a.createRun(), await a.createRun()];
    for (let n = 0; n < 5; n++) {
      await appendLines(a, gone, 100, { idempotency_key: `${n}` });
      await appendLines(a, gone, 100);
      await appendLines(a, stays, 10);
    }
    const watchers = [a, b].map((instance) => watchRun(instance, gone));
    const other = watchRun(b, stays);
    await Promise.all(watchers.map((w) => w.until('all', ({ sequences }) => sequences.length === 506)));
    await b.store.delete(a.tenant, gone);
    for (const watching of watchers) {
      const last = (await watching.ended).at(-1);
      expect(last).toMatchObject({ kind: 'close', reason: 'deleted', cursor: { sequence: 506 } });
    }
    expect(await keysOf(gone)).toEqual([]);
    const { runs, active } = a.store.keys.partitionOf(a.tenant, gone);
    expect(await a.redis.commands.zscore(runs, gone)).toBeNull();
    expect(await a.redis.commands.zscore(active, gone)).toBeNull();
    expect(new Set(await journalRuns(gone))).toEqual(new Set([stays]));
    expect(await journalRuns(stays)).toHaveLength(51);
    await expect(a.store.append(a.tenant, gone, [line('x')])).rejects.toThrow(RunNotFoundError);
    await expect(a.store.delete(a.tenant, gone)).rejects.toThrow(RunNotFoundError);
    await a.store.append(a.tenant, stays, [completed()]);
    await other.ended;
    expect(other.sequences).toEqual(upTo(52));
  });

  it('also while somebody appends to it: afterwards nothing is left', async () => {
    for (let round = 0; round < 10; round++) {
      const run = await a.createRun();
      let stop = false;
      const appending = (async () => {
        while (!stop)
          await b.store.append(
            a.tenant,
            run,
            upTo(120).map(() => line('x')),
          );
      })().catch((error: unknown) => error);
      await appendLines(a, run, 200);
      await a.store.delete(a.tenant, run);
      expect(await appending).toBeInstanceOf(RunNotFoundError);
      stop = true;
      expect(await keysOf(run)).toEqual([]);
      expect(await journalRuns(run)).not.toContain(run);
    }
  });

  it('also when the process died half-way: nothing more is appended, and deleting it again goes on', async () => {
    const run = await a.createRun();
    await appendLines(a, run, 10);
    await a.redis.commands.hset(a.store.keys.run(a.tenant, run).run, 'deleting', 1);
    await expect(a.store.append(a.tenant, run, [line('x')])).rejects.toThrow(RunNotFoundError);
    await a.store.delete(a.tenant, run);
    expect(await keysOf(run)).toEqual([]);
    expect(await journalRuns(run)).not.toContain(run);
  });

  it('when its retention is over: the events first, then the record', async () => {
    const run = await a.createRun();
    const keys = a.store.keys.run(a.tenant, run);
    const { commands } = a.redis;
    await a.store.append(a.tenant, run, [line('x', { idempotency_key: 'k' })]);
    for (const key of [keys.run, keys.events, keys.idempotencyKeys]) expect(await commands.ttl(key)).toBe(-1);
    await a.store.append(a.tenant, run, [completed()]);
    expect(await commands.ttl(keys.events)).toBeGreaterThan(590);
    expect(await commands.ttl(keys.idempotencyKeys)).toBeGreaterThan(590);
    expect(await commands.ttl(keys.run)).toBeGreaterThan(890);
    const { completedAt = 0, expiresAt = 0 } = await a.runs.get(a.tenant, run);
    expect(expiresAt - completedAt).toBe(600_000);

    await a.store.expire(a.tenant, run, 0);
    const range = { from: '-', to: '+', order: 'asc', limit: 1, maxBytes: 1 } as const;
    await expect(a.store.readRange(a.tenant, run, range)).rejects.toThrow(RunExpiredError);
    expect(await a.runs.get(a.tenant, run)).toMatchObject({ status: 'completed', sequence: 3 });
    await commands.del(keys.run);
    const { runs } = await a.runs.list(a.tenant, {}, 1000);
    expect(runs.map(({ id }) => id)).not.toContain(run);
    expect(await commands.zscore(a.store.keys.partitionOf(a.tenant, run).runs, run)).toBeNull();
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { completed, createTestStore, type TestStore } from '../../../../test/support/event-store.js';
import { spreadOver } from '../../../../test/support/partitions.js';
import { RunCounter } from './run-counts.js';
import { partitionOfRun } from './run-id.js';
import type { RunFilter } from './run-filter.js';

describe('T288 the runs of a tenant with several partitions', () => {
  let store: TestStore;
  let runs: string[];
  beforeEach(async () => {
    store = await createTestStore();
    // Some lie where all were before.
    runs = [await make(0), await make(1)];
    await spreadOver(store, 4);
    for (let n = 2; n < 40; n++) runs.push(await make(n));
    expect(new Set(runs.map(partitionOfRun)).size).toBe(4);
  });
  afterEach(() => store.close());

  const make = async (n: number): Promise<string> => {
    const { run } = await store.runs.create(store.tenant, {
      task: `task ${n}`,
      ...(n % 3 === 0 && { key: 'chat' }),
      labels: { n: String(n % 2) },
    });
    return run.id;
  };
  const listed = async (filter: RunFilter, limit: number): Promise<string[]> => {
    const ids: string[] = [];
    let next: string | undefined;
    do {
      const page = await store.runs.list(store.tenant, filter, limit, next);
      expect(page.runs.length).toBeLessThanOrEqual(limit);
      ids.push(...page.runs.map(({ id }) => id));
      next = page.next;
    } while (next !== undefined);
    return ids;
  };

  it('are listed newest first, each once, with one id as the cursor, whatever the page and the filter', async () => {
    const newestFirst = runs.toReversed();
    for (const limit of [1, 3, 7, 39, 40, 1000]) {
      expect(await listed({}, limit)).toEqual(newestFirst);
      expect(await listed({ key: 'chat' }, limit)).toEqual(newestFirst.filter((_, i) => (39 - i) % 3 === 0));
      expect(await listed({ label: { name: 'n', value: '1' } }, limit)).toEqual(
        newestFirst.filter((_, i) => (39 - i) % 2 === 1),
      );
    }
    const { createdAt } = await store.runs.get(store.tenant, runs[20]!);
    expect(await listed({ sinceMs: createdAt }, 5)).toEqual(await listed({ sinceMs: createdAt }, 100));
    // An id has the time of the process that made it, the record that of Redis.
    expect(await listed({ sinceMs: createdAt - 1000 }, 5)).toContain(runs[20]);
    expect(await listed({ sinceMs: Date.now() + 60_000 }, 5)).toEqual([]);
  });

  it('are counted in all of them', async () => {
    for (const run of runs.slice(0, 10)) await store.store.append(store.tenant, run, [completed()]);
    const { counts, isComplete } = await store.app.get(RunCounter).count(store.tenant, 0);
    expect([counts.running, counts.completed, isComplete]).toEqual([30, 10, true]);
  });
});

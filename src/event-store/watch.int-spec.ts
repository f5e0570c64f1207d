import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { lastValueFrom, toArray } from 'rxjs';
import { completed, createTestStore, line, type TestStore } from '../../test/support/event-store.js';
import { BEGINNING } from '../events/index.js';
import type { WatchSignal } from './watch-signal.js';

const sequences = (signals: WatchSignal[]) =>
  signals.flatMap((signal) =>
    signal.kind === 'events' ? signal.events.map((e) => e.position.sequence) : [],
  );

describe('Watching a run', () => {
  let a: TestStore;
  let b: TestStore;

  beforeAll(async () => {
    a = await createTestStore();
    b = await createTestStore({ tenant: a.tenant });
  });
  afterAll(async () => {
    await a.close();
    await b.close();
  });

  it('T01 watchers that join a fast run at random moments see every event once, in order', async () => {
    const run = await a.createRun();
    const total = 2000;
    const watchers: Promise<WatchSignal[]>[] = [];
    for (let n = 2; n < total;) {
      const size = Math.min(1 + Math.floor(Math.random() * 20), total - n);
      await [a, b][n % 2]!.store.append(
        a.tenant,
        run,
        Array.from({ length: size }, (_, i) => line(`${n + i}`)),
      );
      n += size;
      const watcher = [a, b][Math.floor(Math.random() * 2)]!.watcher;
      watchers.push(lastValueFrom(watcher.watch(a.tenant, run, { after: BEGINNING }).pipe(toArray())));
    }
    await a.store.append(a.tenant, run, [completed()]);
    const expected = Array.from({ length: total }, (_, i) => i + 1);
    for (const signals of await Promise.all(watchers)) {
      expect(sequences(signals)).toEqual(expected);
      expect(signals.at(-1)).toMatchObject({ kind: 'close', reason: 'ended', status: 'completed' });
    }
    expect(a.feeds.statistics).toMatchObject({ feeds: 0, watchers: 0 });
  });
});

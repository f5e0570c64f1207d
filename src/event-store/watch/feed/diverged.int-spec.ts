import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  appendLines,
  completed,
  createTestStore,
  line,
  type TestStore,
  upTo,
  watchRun,
} from '../../../../test/support/event-store.js';
import { formatEventId } from '../../../events/index.js';
import { eventually } from '../../../../test/support/eventually.js';
import { type RedisServer, startRedis } from '../../../../test/support/redis.js';
import { type FeedItem, RunFeed } from './run-feed.js';

/** Redis that loses its last writes, as after a failover or a crash without an fsync. */
describe('T10 A log whose last events Redis took back', () => {
  let server: RedisServer;
  let a: TestStore;
  let quick: TestStore;

  beforeAll(async () => {
    server = await startRedis({ appendOnly: true });
    a = await createTestStore({ url: server.url, heartbeatMs: 3_600_000 });
    quick = await createTestStore({ url: server.url, tenant: a.tenant, heartbeatMs: 50 });
  });
  afterAll(async () => {
    await a.close();
    await quick.close();
    await server.stop();
  });

  /** Remembers the run, and gives what takes it back to there. */
  async function snapshot(run: string): Promise<() => Promise<void>> {
    const { commands } = a.redis;
    const keys = a.store.keys.run(a.tenant, run);
    const saved = await Promise.all(
      [keys.run, keys.events].map(async (key) => ({ key, dump: await commands.dumpBuffer(key) })),
    );
    return async () => {
      const transaction = commands.multi();
      for (const { key, dump } of saved) {
        if (dump) transaction.restore(key, 0, dump, 'REPLACE');
      }
      await transaction.exec();
    };
  }

  it.each([
    ['as many', 3],
    ['fewer', 1],
    ['more', 5],
  ])('is a gap for a watcher that is connected, when %s came instead', async (_, instead) => {
    const run = await a.createRun();
    const watching = watchRun(a, run);
    await appendLines(a, run, 4);
    const takeBack = await snapshot(run);
    await appendLines(a, run, 3);
    await watching.until('all 8', ({ sequences }) => sequences.length === 8);
    await takeBack();
    for (let n = 0; n < instead; n++) await a.store.append(a.tenant, run, [line(`instead ${n}`)]);
    await watching.until('the gap', ({ signals }) => signals.some(({ kind }) => kind === 'gap'));
    await a.store.append(a.tenant, run, [completed()]);
    const signals = await watching.ended;
    expect(signals.filter(({ kind }) => kind === 'gap')).toEqual([
      expect.objectContaining({
        reason: 'diverged',
        missed: undefined,
        after: expect.objectContaining({ sequence: 8 }),
      }),
    ]);
    // The client discards what it holds, and gets the log as it is.
    expect(watching.sequences).toEqual([...upTo(8), ...upTo(6 + instead)]);
  });

  it('is a gap when nothing came instead: the heartbeat finds it', async () => {
    const run = await quick.createRun();
    const watching = watchRun(quick, run);
    const takeBack = await snapshot(run);
    await appendLines(quick, run, 3);
    await watching.until('all 4', ({ sequences }) => sequences.length === 4);
    await takeBack();
    await watching.until('the beginning again', ({ sequences }) => sequences.length === 5);
    expect(watching.sequences).toEqual([1, 2, 3, 4, 1]);
    expect(watching.signals.find(({ kind }) => kind === 'gap')).toMatchObject({ reason: 'diverged' });
    watching.stop();
  });

  it('is a gap when the clock of the new server is behind', async () => {
    const run = await a.createRun();
    const takeBack = await snapshot(run);
    await a.redis.commands.hset(a.store.keys.run(a.tenant, run).run, 'last_ms', Date.now() + 60_000);
    const watching = watchRun(a, run);
    await a.store.append(a.tenant, run, [line('with a clock ahead')]);
    await watching.until('both', ({ sequences }) => sequences.length === 2);
    await takeBack();
    await a.store.append(a.tenant, run, [line('instead')]);
    await watching.until('the gap', ({ signals }) => signals.some(({ kind }) => kind === 'gap'));
    await watching.until('the log', ({ sequences }) => sequences.length === 4);
    expect(watching.sequences).toEqual([1, 2, 1, 2]);
    watching.stop();
  });

  it('is found also when the first message after a reconnect would continue what the feed holds', async () => {
    const run = await a.createRun();
    const feed = new RunFeed(a.tenant, run, a.store, () => undefined);
    const items: FeedItem[] = [];
    feed.items.subscribe((item) => items.push(item));
    await feed.open();
    const takeBack = await snapshot(run);
    const {
      ids: [second = ''],
    } = await a.store.append(a.tenant, run, [line('taken back')]);
    feed.receive(`${second} ${second}`);
    await eventually('it is passed on', () => items.length === 1);

    await takeBack();
    const { ids } = await a.store.append(a.tenant, run, [line('instead'), line('a continuation?')]);
    feed.interrupt();
    const third = ids[1] ?? '';
    feed.receive(`${third} ${third}\n${third} log.stdout - - -\n"data":{}`);
    await eventually('the feed does not vouch for it', () => items.length === 2);
    expect(items[1]).toEqual({ kind: 'reset' });
    expect(formatEventId(feed.head)).toBe(third);
  });

  it('is a gap for one that comes back with a cursor from it', async () => {
    const run = await a.createRun();
    const takeBack = await snapshot(run);
    await appendLines(a, run, 3);
    const first = watchRun(a, run);
    await first.until('all 4', ({ sequences }) => sequences.length === 4);
    first.stop();
    await takeBack();
    await appendLines(a, run, 5);
    await a.store.append(a.tenant, run, [completed()]);
    const again = watchRun(a, run, { after: first.cursor });
    expect((await again.ended)[0]).toMatchObject({ kind: 'gap', reason: 'diverged' });
    expect(again.sequences).toEqual(upTo(7));
  });

  it('is none after a crash that loses nothing: the watcher goes on', async () => {
    const run = await a.createRun();
    const watching = watchRun(a, run);
    await appendLines(a, run, 5);
    await watching.until('all 6', ({ sequences }) => sequences.length === 6);
    await server.kill();
    await server.restart();
    const other = await createTestStore({ url: server.url, tenant: a.tenant });
    await other.store.append(other.tenant, run, [line('after'), completed()]);
    await watching.ended;
    expect(watching.sequences).toEqual(upTo(8));
    expect(watching.signals.some(({ kind }) => kind === 'gap')).toBe(false);
    await other.close();
    await eventually('all are connected again', () => quick.redis.commands.status === 'ready');
  });

  it('and a run that Redis lost as a whole is closed for its watchers', async () => {
    const run = await quick.createRun();
    const watching = watchRun(quick, run);
    await watching.until('the first', ({ sequences }) => sequences.length === 1);
    await quick.redis.commands.flushall();
    expect((await watching.ended).at(-1)).toMatchObject({ kind: 'close', reason: 'deleted' });
  });
});

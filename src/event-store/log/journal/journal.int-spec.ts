import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  appendLines,
  completed,
  createTestStore,
  line,
  type TestStore,
  upTo,
} from '../../../../test/support/event-store.js';
import { CommandLog } from '../../../../test/support/command-log.js';
import { eventsOf, journalOf, watchJournal } from '../../../../test/support/journal.js';
import { type RedisServer, startRedis } from '../../../../test/support/redis.js';
import { eventually } from '../../../../test/support/eventually.js';
import { BEGINNING } from '../../../events/index.js';
import { subscriberOf } from '../../../../test/support/subscriber.js';

/** The heart beats once an hour here, so that it mends nothing in passing. */
const NEVER_MS = 3_600_000;
const llm = { event: { category: 'llm', action: 'stream' }, data: {} };

describe('The journal of a tenant', () => {
  let server: RedisServer;
  const open: TestStore[] = [];
  const createStore = async (options: Parameters<typeof createTestStore>[0] = {}): Promise<TestStore> => {
    const store = await createTestStore({ url: server.url, heartbeatMs: NEVER_MS, ...options });
    open.push(store);
    return store;
  };

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    await Promise.all(open.map((store) => store.close()));
    await server.stop();
  });

  it('holds the events of all runs in the order of their appending, but for the types left out', async () => {
    const a = await createStore();
    const [first, second] = [await a.createRun(), await a.createRun()];
    for (let n = 0; n < 5; n++) {
      await a.store.append(a.tenant, first, [line(`a${n}`), llm]);
      await a.store.append(a.tenant, second, [line(`b${n}`)]);
    }
    const { events, last } = await journalOf(a).journal.read(a.tenant);
    expect(events.map(({ position }) => position.sequence)).toEqual(upTo(12));
    expect(events.at(-1)?.position).toEqual(last);
    expect(events.slice(2).map(({ runId }) => runId)).toEqual(
      upTo(10).map((n) => (n % 2 === 1 ? first : second)),
    );
    // The event's own id is in its data: sequence 1 started the run, and each `llm.stream` took one too.
    const own = events
      .filter(({ runId }) => runId === first)
      .map(({ json }) => JSON.parse(json.toString()) as object);
    expect(own).toMatchObject([1, 2, 4, 6, 8, 10].map((sequence) => ({ sequence, run_id: first })));
  });

  it('T01 watchers that come at any moment of many fast runs see every event once, in order', async () => {
    const a = await createStore();
    const b = await createStore({ tenant: a.tenant });
    const runs = await Promise.all(upTo(8).map(() => a.createRun()));
    const watchers = [watchJournal(a)];
    const writing = runs.map(async (run, i) => {
      for (let n = 0; n < 40; n++) {
        await [a, b][n % 2]?.store.append(a.tenant, run, [line(`${n}`), line('x')]);
        if ((n + i) % 4 === 0) watchers.push(watchJournal([a, b][i % 2] ?? a));
      }
      await a.store.append(a.tenant, run, [completed()]);
    });
    await Promise.all(writing);
    const total = 8 * (1 + 80 + 1);
    for (const watching of watchers) {
      await watching.until('all of it', ({ sequences }) => sequences.length >= total);
      expect(watching.sequences).toEqual(upTo(total));
      const ofRun = eventsOf(watching).filter(({ run_id }) => run_id === runs[3]);
      expect(ofRun.map(({ sequence }) => sequence)).toEqual(upTo(82));
      watching.stop();
    }
    expect(watchers.length).toBeGreaterThan(50);
  });

  it('T03 a watcher is there before the tenant has a journal', async () => {
    const a = await createStore();
    const watching = watchJournal(a);
    await eventually('it is served', () => a.feeds.statistics.watchers === 1);
    const run = await a.createRun();
    await appendLines(a, run, 10);
    await watching.until('all 11', ({ sequences }) => sequences.length === 11);
    expect(watching.sequences).toEqual(upTo(11));
    watching.stop();
  });

  it('goes on when a run ends or is deleted, and a hole that is left is no gap', async () => {
    const a = await createStore();
    const [kept, gone] = [await a.createRun(), await a.createRun()];
    const live = watchJournal(a);
    await a.store.append(a.tenant, gone, [line('x')]);
    await a.store.append(a.tenant, kept, [line('x')]);
    await a.store.append(a.tenant, gone, [completed()]);
    await live.until('all 5', ({ sequences }) => sequences.length === 5);
    // 2, 3 and 5 go, which is the live watcher's cursor and the head of the feed.
    await a.store.delete(a.tenant, gone);
    await a.store.append(a.tenant, kept, [line('x'), completed()]);
    await live.until('all 7', ({ sequences }) => sequences.length === 7);

    const { events } = await journalOf(a).journal.read(a.tenant);
    expect(events.map(({ position }) => position.sequence)).toEqual([1, 4, 6, 7]);
    // Every cursor of before is still one of this journal.
    const cursors = [BEGINNING, ...live.signals.flatMap((s) => (s.kind === 'events' ? s.events : []))].map(
      (from) => ('position' in from ? from.position : from),
    );
    for (const after of cursors) {
      const again = watchJournal(a, { after });
      const rest = [1, 4, 6, 7].filter((n) => n > after.sequence);
      await again.until('the rest', ({ sequences }) => sequences.length >= rest.length);
      expect(again.sequences).toEqual(rest);
      expect(again.signals.filter(({ kind }) => kind !== 'events')).toEqual([]);
      again.stop();
    }
    live.stop();
  });

  it('a watcher whose journal lost its end to a deletion rests, and sees what comes then', async () => {
    const a = await createStore();
    const [kept, gone] = [await a.createRun(), await a.createRun()];
    await appendLines(a, gone, 50);
    await a.store.delete(a.tenant, gone);
    const watching = watchJournal(a);
    await watching.until('the first', ({ sequences }) => sequences.length === 1);
    const log = await CommandLog.of(a);
    await a.redis.commands.ping();
    await new Promise((resolve) => setImmediate(resolve));
    const calls = await log.take();
    log.stop();
    expect(calls.get('evalsha') ?? 0).toBeLessThan(3);
    await a.store.append(a.tenant, kept, [line('x')]);
    await watching.until('the next', ({ sequences }) => sequences.length === 2);
    expect(watching.sequences).toEqual([1, 53]);
    watching.stop();
  });

  it('a watcher that comes when the feed has not heard of what was deleted since rests as well', async () => {
    const a = await createStore();
    const [kept, gone] = [await a.createRun(), await a.createRun()];
    const first = watchJournal(a);
    await first.until('both', ({ sequences }) => sequences.length === 2);
    await subscriberOf(a.redis).sunsubscribe(a.store.keys.partition(a.tenant, 0).journalLive);
    await appendLines(a, gone, 10);
    await a.store.delete(a.tenant, gone);
    const log = await CommandLog.of(a);
    const second = watchJournal(a);
    await second.until('what is left', ({ sequences }) => sequences.length === 1);
    for (let n = 0; n < 50; n++) await a.redis.commands.ping();
    const calls = await log.take();
    log.stop();
    expect(calls.get('evalsha') ?? 0).toBeLessThan(6);
    await subscriberOf(a.redis).ssubscribe(a.store.keys.partition(a.tenant, 0).journalLive);
    await a.store.append(a.tenant, kept, [line('x')]);
    for (const w of [first, second]) {
      await w.until('the next', ({ sequences }) => sequences.at(-1) === 13);
      expect(w.signals.some(({ kind }) => kind === 'gap')).toBe(false);
      w.stop();
    }
  });

  it('T15 lost messages, also the last one, are found in the log', async () => {
    const a = await createStore();
    const b = await createStore({ tenant: a.tenant, heartbeatMs: 50 });
    const run = await a.createRun();
    const [watching, beating] = [watchJournal(a), watchJournal(b)];
    for (const w of [watching, beating])
      await w.until('the first', ({ sequences }) => sequences.length === 1);
    const { journalLive } = a.store.keys.partition(a.tenant, 0);
    for (const store of [a, b]) await subscriberOf(store.redis).sunsubscribe(journalLive);
    await a.store.append(a.tenant, run, [line('unheard')]);
    await beating.until('it by the heartbeat', ({ sequences }) => sequences.length === 2);
    await subscriberOf(a.redis).ssubscribe(journalLive);
    await a.store.append(a.tenant, run, [line('heard')]);
    await watching.until('both', ({ sequences }) => sequences.length === 3);
    expect(watching.sequences).toEqual([1, 2, 3]);
    for (let round = 0; round < 5; round++) {
      await a.redis.commands.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await appendLines(a, run, 20);
    }
    await watching.until('all 103', ({ sequences }) => sequences.length >= 103);
    expect(watching.sequences).toEqual(upTo(103));
    for (const w of [watching, beating]) w.stop();
  });

  it('T63 an append is read once for a thousand watchers', async () => {
    const a = await createStore();
    const run = await a.createRun();
    const watchers = upTo(1000).map(() => watchJournal(a));
    for (const w of watchers) await w.until('the first', ({ sequences }) => sequences.length === 1);
    const log = await CommandLog.of(a);
    await a.store.append(a.tenant, run, [line('x')]);
    for (const w of watchers) await w.until('the next', ({ sequences }) => sequences.length === 2);
    const calls = await log.take();
    log.stop();
    // The append itself, one reading, and once in two seconds that it was touched.
    expect(calls.get('evalsha')).toBeLessThanOrEqual(3);
    expect(a.feeds.statistics).toMatchObject({ feeds: 1, watchers: 1000, repairs: 0 });
    for (const w of watchers) w.stop();
    expect(a.feeds.statistics).toMatchObject({ feeds: 0, watchers: 0 });
  });

  it('T10 writes that Redis took back are diverged, also for those connected', async () => {
    const a = await createStore({ heartbeatMs: 50 });
    const run = await a.createRun();
    const watching = watchJournal(a);
    const { commands } = a.redis;
    const { run: record, events } = a.store.keys.run(a.tenant, run);
    const { journal, journalLast } = a.store.keys.partition(a.tenant, 0);
    const saved = await Promise.all(
      [record, events, journal, journalLast].map(async (key) => ({
        key,
        dump: await commands.dumpBuffer(key),
      })),
    );
    await appendLines(a, run, 3);
    await watching.until('all 4', ({ sequences }) => sequences.length === 4);
    const transaction = commands.multi();
    for (const { key, dump } of saved) if (dump) transaction.restore(key, 0, dump, 'REPLACE');
    await transaction.exec();
    for (let n = 0; n < 5; n++) await a.store.append(a.tenant, run, [line(`instead ${n}`)]);
    await watching.until('the journal as it is', ({ sequences }) => sequences.at(-1) === 6);
    expect(watching.signals.filter(({ kind }) => kind === 'gap')).toEqual([
      expect.objectContaining({ reason: 'diverged', missed: undefined }),
    ]);
    expect(watching.sequences).toEqual([...upTo(4), ...upTo(6)]);
    watching.stop();

    const { events: now } = await journalOf(a).journal.read(a.tenant);
    const others = [
      { ms: Date.now() + 60_000, sequence: 99 },
      // The number of one entry, and the time of the next, which came later.
      { ms: now[1]?.position.ms ?? 0, sequence: 1 },
    ];
    for (const after of others) {
      const foreign = watchJournal(a, { after });
      await foreign.until('all of it', ({ sequences }) => sequences.length === 6);
      expect(foreign.signals[0]).toMatchObject({ kind: 'gap', reason: 'diverged' });
      foreign.stop();
    }
  });

  it('T38 an entry that nobody of ours wrote ends nobody’s stream', async () => {
    const a = await createStore();
    const run = await a.createRun();
    const { journal, journalLast } = a.store.keys.partition(a.tenant, 0);
    const last = (await a.redis.commands.get(journalLast)) ?? '';
    const foreign = last.replace(/-1$/, '-2');
    await a.redis.commands.xadd(journal, foreign, 'some', 'thing');
    await a.store.append(a.tenant, run, [line('x')]);
    const watching = watchJournal(a);
    await watching.until('both', ({ sequences }) => sequences.length === 2);
    expect(watching.sequences).toEqual([1, 3]);
    watching.stop();
  });

  it('T31 another tenant’s events are not in it', async () => {
    const [a, b] = [await createStore(), await createStore()];
    const watching = watchJournal(a);
    await b.createRun();
    const run = await a.createRun();
    await watching.until('its own', ({ sequences }) => sequences.length === 1);
    expect(eventsOf(watching).map(({ run_id }) => run_id)).toEqual([run]);
    watching.stop();
  });
});

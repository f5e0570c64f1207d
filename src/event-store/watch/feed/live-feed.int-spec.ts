import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  appendLines,
  commandCalls,
  completed,
  createTestStore,
  line,
  type TestStore,
  upTo,
  watchRun,
  type Watching,
} from '../../../../test/support/event-store.js';
import { CommandLog } from '../../../../test/support/command-log.js';
import { eventually } from '../../../../test/support/eventually.js';
import { type RedisServer, startRedis } from '../../../../test/support/redis.js';
import { startTcpProxy, type TcpProxy } from '../../../../test/support/tcp-proxy.js';
import { RunFeed } from './run-feed.js';
import { subscriberOf } from '../../../../test/support/subscriber.js';

/** What pub/sub loses. The heart beats once an hour here, so that it mends nothing in passing. */
const NEVER_MS = 3_600_000;

describe('The live feed', () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  /** Appends, on a connection that nobody disturbs. */
  let writer: TestStore;
  let a: TestStore;

  beforeAll(async () => {
    // An eighth of the default: T61 need not append 100 MiB to go beyond it.
    server = await startRedis({ args: ['--client-output-buffer-limit', 'pubsub 4mb 1mb 60'] });
    proxy = await startTcpProxy(server.port);
    writer = await createTestStore({ url: server.url });
    a = await createTestStore({
      url: `redis://127.0.0.1:${proxy.port}`,
      tenant: writer.tenant,
      heartbeatMs: NEVER_MS,
    });
  });
  afterAll(async () => {
    await a.close();
    await writer.close();
    await proxy.close();
    await server.stop();
  });

  const killPubSub = () => writer.redis.commands.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  const isQuiet = () => a.feeds.statistics.feeds === 0;

  async function live(store: TestStore, run: string, n = 1): Promise<Watching[]> {
    const { last } = await store.store.read(store.tenant, run, { limit: 1 });
    const watchers = upTo(n).map(() => watchRun(store, run));
    await Promise.all(
      watchers.map((w) => w.until('the head', ({ cursor }) => cursor.sequence === last.sequence)),
    );
    return watchers;
  }

  it('T15 the pub/sub connection is killed again and again in the middle of a run', async () => {
    const run = await writer.createRun();
    const watchers = await live(a, run, 20);
    for (let round = 0; round < 10; round++) {
      await appendLines(writer, run, 20);
      await killPubSub();
      await appendLines(writer, run, 20);
    }
    await writer.store.append(writer.tenant, run, [completed()]);
    for (const watching of watchers) {
      await watching.ended;
      expect(watching.sequences).toEqual(upTo(402));
    }
    expect(a.feeds.statistics.repairs).toBeGreaterThan(0);
  });

  it('T15 the last message of a run is lost', async () => {
    for (let round = 0; round < 5; round++) {
      const run = await writer.createRun();
      const [watching] = await live(a, run);
      await Promise.all([killPubSub(), writer.store.append(writer.tenant, run, [completed()])]);
      await watching?.ended;
      expect(watching?.sequences).toEqual([1, 2]);
    }
  });

  it('T15 a message is lost on a connection that stands: the next one shows it', async () => {
    const run = await writer.createRun();
    const [watching] = await live(a, run);
    const { live: channel } = writer.store.keys.run(writer.tenant, run);
    await subscriberOf(a.redis).sunsubscribe(channel);
    await writer.store.append(writer.tenant, run, [line('unheard')]);
    await subscriberOf(a.redis).ssubscribe(channel);
    await writer.store.append(writer.tenant, run, [line('heard')]);
    await watching?.until('both', ({ sequences }) => sequences.length === 3);
    expect(watching?.sequences).toEqual([1, 2, 3]);
    watching?.stop();
  });

  it('T15 the last message is lost on a connection that stands: the heartbeat shows it', async () => {
    const beating = await createTestStore({ url: server.url, tenant: writer.tenant, heartbeatMs: 50 });
    try {
      const run = await writer.createRun();
      const [watching] = await live(beating, run);
      await subscriberOf(beating.redis).sunsubscribe(writer.store.keys.run(writer.tenant, run).live);
      await writer.store.append(writer.tenant, run, [completed()]);
      await watching?.ended;
      expect(watching?.sequences).toEqual([1, 2]);
    } finally {
      await beating.close();
    }
  });

  it('T15 the connection breaks while the subscription is on its way', async () => {
    const run = await writer.createRun();
    await eventually('no feed is open', isQuiet);
    const before = await commandCalls(writer.redis.commands);
    proxy.swallowAnswers();
    const watching = watchRun(a, run);
    await eventually('Redis has the subscription', async () => {
      const now = await commandCalls(writer.redis.commands);
      return now('ssubscribe') > before('ssubscribe');
    });
    proxy.cut();
    await writer.store.append(writer.tenant, run, [line('x')]);
    await watching.until('both', ({ sequences }) => sequences.length === 2);
    await writer.store.append(writer.tenant, run, [completed()]);
    await watching.ended;
    expect(watching.sequences).toEqual([1, 2, 3]);
  });

  it('T15 the connection breaks again before the subscriptions are back', async () => {
    const runs = await Promise.all(upTo(20).map(() => writer.createRun()));
    const watchers = (await Promise.all(runs.map((run) => live(a, run)))).flat();
    for (let round = 0; round < 5; round++) {
      const ready = new Promise((resolve) => subscriberOf(a.redis).once('ready', resolve));
      proxy.cut();
      await ready;
      proxy.cut();
    }
    await Promise.all(runs.map((run) => writer.store.append(writer.tenant, run, [line('x'), completed()])));
    for (const watching of watchers) {
      await watching.ended;
      expect(watching.sequences).toEqual([1, 2, 3]);
    }
  });

  it('T63 1000 watchers of one run read a hole in its messages once', async () => {
    const run = await writer.createRun();
    const watchers = await live(a, run, 1000);
    const { live: channel } = writer.store.keys.run(writer.tenant, run);
    await subscriberOf(a.redis).sunsubscribe(channel);
    await appendLines(writer, run, 5);
    await subscriberOf(a.redis).ssubscribe(channel);
    const log = await CommandLog.of(writer);
    await writer.store.append(writer.tenant, run, [completed()]);
    await Promise.all(watchers.map((watching) => watching.ended));
    for (const { sequences } of watchers)
      if (sequences.join() !== '1,2,3,4,5,6,7') expect(sequences).toEqual(upTo(7));
    const calls = await log.take();
    log.stop();
    expect(calls.get('evalsha') ?? 0).toBeLessThan(8);
  });

  it('T63 1000 watchers are served by one subscription and one message', async () => {
    const run = await writer.createRun();
    const watchers = await live(a, run, 1000);
    const { live: channel } = writer.store.keys.run(writer.tenant, run);
    expect(await writer.redis.commands.pubsub('SHARDNUMSUB', channel)).toEqual([channel, 1]);
    const log = await CommandLog.of(writer);
    await writer.store.append(writer.tenant, run, [line('x'), completed()]);
    await Promise.all(watchers.map((watching) => watching.ended));
    const calls = await log.take();
    log.stop();
    // The append, and each second or so what goes on beside it.
    expect(calls.get('evalsha')).toBeLessThan(8);
    // Shared: encoded once for all of them.
    const [first, second] = watchers.map(({ signals }) => signals.at(-2));
    if (first?.kind !== 'events' || second?.kind !== 'events') throw new Error('no events before the close');
    expect(first.events).toBe(second.events);
  });

  it('T63 1000 watchers who saw more in the log than the feed make it read once', async () => {
    const run = await writer.createRun();
    const feed = new RunFeed(writer.tenant, run, writer.store, () => undefined);
    await feed.open();
    await writer.store.append(writer.tenant, run, [line('x')]);
    const { last } = await writer.store.read(writer.tenant, run);
    const log = await CommandLog.of(writer);
    await Promise.all(upTo(1000).map(() => feed.reach(last)));
    const calls = await log.take();
    log.stop();
    expect(feed.head).toEqual(last);
    // And once in two seconds that the journal was touched by the append.
    expect(calls.get('evalsha')).toBeLessThanOrEqual(2);
  });

  it('T61 more than the buffer of a connection, appended to one run, does not cut the feed of another', async () => {
    const [huge, small] = [await writer.createRun(), await writer.createRun()];
    const [hugeWatcher] = await live(a, huge);
    const [smallWatcher] = await live(a, small);
    let cuts = 0;
    const onClose = () => cuts++;
    subscriberOf(a.redis).on('close', onClose);
    const batch = upTo(12).map(() => line('x'.repeat(100 * 1024)));
    for (let n = 0; n < 10; n++) {
      await writer.store.append(writer.tenant, huge, batch);
      await writer.store.append(writer.tenant, small, [line('y')]);
    }
    await writer.store.append(writer.tenant, small, [completed()]);
    await smallWatcher?.ended;
    await hugeWatcher?.until('all of it', ({ sequences }) => sequences.length === 121);
    subscriberOf(a.redis).off('close', onClose);
    expect(cuts).toBe(0);
    expect(hugeWatcher?.sequences).toEqual(upTo(121));
    hugeWatcher?.stop();
    await writer.store.delete(writer.tenant, huge);
  });

  it('T19 1000 watches that come and go leave nothing behind', async () => {
    const runs = await Promise.all(upTo(50).map(() => writer.createRun()));
    const { commands } = a.redis;
    const subscriber = subscriberOf(a.redis);
    const listeners = () =>
      [subscriber, commands].flatMap((redis) => redis.eventNames().map((name) => redis.listenerCount(name)));
    const before = listeners();
    for (let round = 0; round < 10; round++) {
      const watchers = upTo(100).map((n) => watchRun(a, runs[n % 50] ?? ''));
      // Some leave before they are served, some while they catch up, some when they are live.
      const patient = watchers.filter((_, n) => n % 3 !== round % 3);
      await Promise.all(patient.map((w) => w.until('the first', ({ sequences }) => sequences.length > 0)));
      for (const watching of watchers) watching.stop();
    }
    expect(a.feeds.statistics).toMatchObject({ feeds: 0, watchers: 0 });
    await eventually('no subscription is left', async () => {
      return ((await commands.pubsub('SHARDCHANNELS')) as string[]).length === 0;
    });
    expect(listeners()).toEqual(before);
  });
});

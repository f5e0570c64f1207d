import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
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
import { eventually } from '../../../../test/support/eventually.js';
import { type RedisServer, startRedis } from '../../../../test/support/redis.js';
import { startTcpProxy, type TcpProxy } from '../../../../test/support/tcp-proxy.js';
import { RedisUnavailableError } from '../../../common/index.js';
import { subscriberOf } from '../../../../test/support/subscriber.js';

/** The heart beats once an hour here, so that it mends nothing in passing. */
const NEVER_MS = 3_600_000;
/** More than a message on the channel carries. */
const TOO_LARGE = 'x'.repeat(300 * 1024);

/** What the live feed does when it can't know from a message alone that it continues what it has passed on. */
describe('T15 The live feed mends itself', () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  let isRefusing = false;
  /** Appends, on a connection that nobody disturbs. */
  let writer: TestStore;
  let a: TestStore;
  let run: string;
  let channel: string;
  const watchers: Watching[] = [];

  beforeAll(async () => {
    server = await startRedis({ appendOnly: true });
    proxy = await startTcpProxy(() => (isRefusing ? undefined : server.port));
    writer = await createTestStore({ url: server.url, heartbeatMs: NEVER_MS });
    a = await createTestStore({
      url: `redis://127.0.0.1:${proxy.port}`,
      tenant: writer.tenant,
      heartbeatMs: NEVER_MS,
    });
  });
  afterEach(() => {
    jest.restoreAllMocks();
    isRefusing = false;
    for (const watching of watchers.splice(0)) watching.stop();
  });
  afterAll(async () => {
    await a.close();
    await writer.close();
    await proxy.close();
    await server.stop();
  });

  /** A watcher that is live on a new run of three events. */
  async function live(): Promise<Watching> {
    // That what Redis took back is told in the run, too, is for another test.
    for (const { store } of [a, writer]) jest.spyOn(store.acknowledged, 'all').mockReturnValue(new Map());
    run = await writer.createRun();
    channel = writer.store.keys.run(writer.tenant, run).live;
    await appendLines(writer, run, 2);
    const watching = watchRun(a, run);
    watchers.push(watching);
    await watching.until('the head', ({ sequences }) => sequences.length === 3);
    return watching;
  }
  const append = (...texts: string[]) =>
    writer.store.append(
      writer.tenant,
      run,
      texts.map((text) => line(text)),
    );
  const end = () => writer.store.append(writer.tenant, run, [completed()]);
  const textsOf = ({ signals }: Watching) =>
    signals.flatMap((signal) =>
      signal.kind === 'events'
        ? signal.events.map(({ json }) => /"line":"(\w*)/.exec(json.toString())?.[1])
        : [],
    );
  const gaps = ({ signals }: Watching) => signals.filter(({ kind }) => kind === 'gap').length;

  /** Sends the feed a message as an append does, of an event that no append made. */
  async function forge(ms: number, sequence: number): Promise<void> {
    const id = `${ms}-${sequence}`;
    await writer.redis.commands.spublish(
      channel,
      `${id} ${id}\n${id} log.stdout - - -\n"data":{"line":"forged"}`,
    );
    await heard();
  }
  /** Resolves once whatever was sent to the feed has come. */
  const heard = () => subscriberOf(a.redis).ping();
  const pages = async () => (await commandCalls(writer.redis.commands))('xrange');

  /** The next page of the log is read now, and comes only once it is let go. */
  function holdNextPage(): { wasRead: Promise<void>; letGo: () => void } {
    const read = a.store.read.bind(a.store);
    let letGo: () => void = () => undefined;
    const mayGo = new Promise<void>((resolve) => (letGo = resolve));
    const wasRead = new Promise<void>((resolve) => {
      jest.spyOn(a.store, 'read').mockImplementationOnce(async (...all) => {
        const page = await read(...all);
        resolve();
        await mayGo;
        return page;
      });
    });
    return { wasRead, letGo };
  }
  /** The subscriber stands, and what reads the log does not: as when only one of the connections is back. */
  function failReads(): { tried: () => boolean; restore: () => void } {
    const spy = jest.spyOn(a.store, 'read').mockRejectedValue(new RedisUnavailableError());
    return {
      tried: () => spy.mock.calls.length > 0,
      restore: () => {
        spy.mockRestore();
      },
    };
  }
  async function cutSubscriber(): Promise<void> {
    isRefusing = true;
    const closed = new Promise((resolve) => subscriberOf(a.redis).once('close', resolve));
    proxy.cut((connection) => connection.isPubSub);
    await closed;
  }
  async function comeBack(): Promise<void> {
    isRefusing = false;
    await eventually('it is subscribed again', async () => {
      return (await writer.redis.commands.pubsub('SHARDNUMSUB', channel))[1] === 1;
    });
  }
  /** Does what is written to Redis meanwhile, and takes it back, as a crash without an fsync does. */
  async function takenBack(write: () => Promise<unknown>): Promise<void> {
    const bytes = await server.logBytes();
    await write();
    isRefusing = true;
    await server.kill();
    proxy.cut();
    await server.takeBack(bytes);
    await server.restart();
    await eventually('the writer is back', () =>
      writer.redis.ping().then(
        () => true,
        () => false,
      ),
    );
  }

  it.each([
    ['an event of long ago', 0, 2],
    ['the last event again', 0, 3],
    ['an older time, and a sequence of long ago', -5000, 2],
  ])('%s is ignored, and nothing is read', async (_, more, sequence) => {
    const watching = await live();
    const known = watching.signals.flatMap((signal) => (signal.kind === 'events' ? signal.events : []));
    const before = await pages();
    await forge(known[sequence - 1]!.position.ms + more, sequence);
    expect(await pages()).toBe(before);
    await end();
    await watching.ended;
    expect(watching.sequences).toEqual(upTo(4));
    expect(await pages()).toBe(before);
  });

  it.each([
    ['the next sequence with a time before the last', -5000, 4],
    ['a known sequence with another time', 5000, 3],
    ['a known sequence with an older time', -5000, 3],
    ['a sequence of long ago with a newer time', 5000, 2],
    ['a sequence that leaves one out', 5000, 5],
  ])('%s is not believed: the log is read', async (_, more, sequence) => {
    const watching = await live();
    const before = await pages();
    await forge(watching.cursor.ms + more, sequence);
    await eventually('the log is read', async () => (await pages()) > before);
    await end();
    await watching.ended;
    expect(textsOf(watching)).not.toContain('forged');
    expect(watching.sequences).toEqual(upTo(4));
  });

  it('events that came with a message that is not believed are passed on once', async () => {
    const watching = await live();
    // Written together, and so heard together.
    await Promise.all([append('x'), forge(watching.cursor.ms + 5000, 9)]);
    await end();
    await watching.ended;
    expect(watching.sequences).toEqual(upTo(5));
  });

  it('a batch that is too large for a message is read', async () => {
    const watching = await live();
    await append(TOO_LARGE);
    await watching.until('it', ({ sequences }) => sequences.length === 4);
  });

  it('a feed that is live reads nothing, and again nothing once it was mended', async () => {
    const watching = await live();
    for (const round of [1, 2]) {
      const before = await pages();
      for (let n = 0; n < 20; n++) await append('x');
      await watching.until('all', ({ sequences }) => sequences.length === 2 + 21 * round);
      expect(await pages()).toBe(before);
      await cutSubscriber();
      await append('unheard');
      await comeBack();
      await watching.until('it', ({ sequences }) => sequences.length === 3 + 21 * round);
    }
    expect(watching.sequences).toEqual(upTo(45));
  });

  it('what was appended while the subscriber was away is found as soon as it is back', async () => {
    const watching = await live();
    const { repairs } = a.feeds.statistics;
    await cutSubscriber();
    await end();
    isRefusing = false;
    await watching.ended;
    expect(watching.sequences).toEqual(upTo(4));
    expect(a.feeds.statistics.repairs).toBe(repairs + 1);
  });

  it('what could not be read is read as soon as the other connection is back', async () => {
    const watching = await live();
    isRefusing = true;
    const closed = new Promise((resolve) => a.redis.commands.once('close', resolve));
    proxy.cut((connection) => !connection.isPubSub);
    await closed;
    await append(TOO_LARGE);
    await heard();
    expect(watching.sequences).toEqual(upTo(3));
    isRefusing = false;
    await watching.until('it', ({ sequences }) => sequences.length === 4);
  });

  it('what comes while the feed is opened is not lost', async () => {
    const first = await live();
    first.stop();
    await eventually('nobody watches', () => a.feeds.statistics.feeds === 0);
    const page = holdNextPage();
    const watching = watchRun(a, run, { after: first.cursor });
    await page.wasRead;
    await end();
    await heard();
    page.letGo();
    await watching.ended;
    expect(watching.sequences).toEqual([4]);
  });

  it('what comes while the log is read is not lost', async () => {
    const watching = await live();
    const page = holdNextPage();
    await forge(watching.cursor.ms, 9);
    await page.wasRead;
    await end();
    await heard();
    page.letGo();
    await watching.ended;
    expect(watching.sequences).toEqual(upTo(4));
  });

  it('what is lost in a reconnect while the log is read is found', async () => {
    const watching = await live();
    const page = holdNextPage();
    await forge(watching.cursor.ms, 9);
    await page.wasRead;
    await cutSubscriber();
    await end();
    await comeBack();
    page.letGo();
    await watching.ended;
    expect(watching.sequences).toEqual(upTo(4));
  });

  it('an event that was announced, and that Redis took back, is not looked for again and again', async () => {
    const watching = await live();
    const page = holdNextPage();
    await forge(watching.cursor.ms, 9);
    await page.wasRead;
    await takenBack(async () => {
      await append('back');
      await heard();
    });
    page.letGo();
    await comeBack();
    await eventually('all are connected', () =>
      a.redis.ping().then(
        () => true,
        () => false,
      ),
    );
    await append('instead');
    await watching.until('it', ({ sequences }) => sequences.length === 4);
    const before = await pages();
    for (let n = 0; n < 20; n++) await a.redis.ping();
    expect(await pages()).toBe(before);
    await end();
    await watching.ended;
    expect(watching.sequences).toEqual(upTo(5));
    expect(textsOf(watching)).not.toContain('back');
    expect(gaps(watching)).toBe(0);
  });

  it.each([false, true])(
    'the first message after a reconnect would continue what Redis took back (log being read: %s)',
    async (isReading) => {
      const watching = await live();
      let page: ReturnType<typeof holdNextPage> | undefined;
      await takenBack(async () => {
        await append('back');
        await watching.until('it', ({ sequences }) => sequences.length === 4);
        if (!isReading) return;
        page = holdNextPage();
        await forge(watching.cursor.ms, 9);
        await page.wasRead;
      });
      await append('instead');
      const reads = failReads();
      await comeBack();
      page?.letGo();
      await eventually('it tried to read', reads.tried);
      await append('after');
      await heard();
      expect(watching.sequences).toEqual(upTo(4));
      reads.restore();
      await end();
      await watching.ended;
      expect(gaps(watching)).toBe(1);
      expect(watching.sequences).toEqual([...upTo(4), ...upTo(6)]);
      expect(textsOf(watching).slice(-3, -1)).toEqual(['instead', 'after']);
    },
  );
});

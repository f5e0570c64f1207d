import { firstValueFrom } from 'rxjs';
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
} from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { type RedisServer, startRedis } from '../../../test/support/redis.js';
import type { Demand } from './demand.js';
import type { WatchSignal } from './watch-signal.js';

const PAGE_BYTES = 262_144;

/** A reader behind a socket of 256 KiB. */
class FakeSocket implements Demand {
  private waiting = 0;
  private wake: () => void = () => undefined;
  /** The most that ever waited in it. */
  most = 0;
  taken = 0;

  ready(): boolean {
    return this.waiting < PAGE_BYTES;
  }

  drained(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.wake = resolve;
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    });
  }

  room(): Promise<() => void> {
    return Promise.resolve(() => undefined);
  }

  put(signal: WatchSignal): void {
    if (signal.kind === 'events') for (const { json } of signal.events) this.waiting += json.length;
    else this.waiting += 100;
    this.most = Math.max(this.most, this.waiting);
  }

  /** The reader takes all that waits. */
  take(): void {
    this.taken += this.waiting;
    this.waiting = 0;
    this.wake();
  }
}

const HEARTBEAT_MS = 50;

describe('A watcher behind a slow reader', () => {
  let server: RedisServer;
  let a: TestStore;
  beforeAll(async () => {
    // Of its own: it counts the server's commands.
    server = await startRedis();
    a = await createTestStore({ url: server.url, maxLength: 100_000, heartbeatMs: HEARTBEAT_MS });
  });
  afterAll(async () => {
    await a.close();
    await server.stop();
  });

  function watchThrough(socket: FakeSocket, run: string) {
    const watching = watchRun(a, run, { demand: socket });
    let put = 0;
    const look = watching.until('its end', ({ signals }) => {
      for (; put < signals.length; put++) socket.put(signals[put] as WatchSignal);
      return signals.at(-1)?.kind === 'close';
    });
    look.catch(() => undefined);
    return watching;
  }

  it('T12 20 MB of history reach a reader that reads, whole, and never more than a page ahead of it', async () => {
    const run = await a.createRun();
    const batch = upTo(500).map(() => line('x'.repeat(2000)));
    for (let n = 0; n < 20; n++) await a.store.append(a.tenant, run, batch);
    await a.store.append(a.tenant, run, [completed()]);
    const socket = new FakeSocket();
    const watching = watchThrough(socket, run);
    const reading = setInterval(() => {
      socket.take();
    }, 1);
    try {
      await watching.ended;
    } finally {
      clearInterval(reading);
    }
    socket.take();
    expect(watching.sequences.join()).toBe(upTo(10_002).join());
    expect(socket.taken).toBeGreaterThan(20_000_000);
    expect(socket.most).toBeLessThan(3 * PAGE_BYTES);
  });

  it('T13 T14 a reader that takes nothing gets nothing more, keeps its place, and loses nothing', async () => {
    const run = await a.createRun();
    const socket = new FakeSocket();
    const watching = watchThrough(socket, run);
    await watching.until('the first', ({ sequences }) => sequences.length === 1);
    const batch = upTo(500).map(() => line('x'.repeat(500)));
    for (let n = 0; n < 10; n++) await a.store.append(a.tenant, run, batch);
    await eventually('it is full', () => !socket.ready());
    const { length } = watching.signals;
    const from = performance.now();
    const before = await commandCalls(a.redis.commands);
    for (let n = 0; n < 10; n++) await a.store.append(a.tenant, run, batch);
    const witness = watchRun(a, run);
    await witness.until('all of it', ({ sequences }) => sequences.length === 10_001);
    witness.stop();
    // Not an event, not a heartbeat; and nobody reads the log for it.
    expect(watching.signals).toHaveLength(length);
    expect(socket.most).toBeLessThan(2 * PAGE_BYTES + 100_000);
    const after = await commandCalls(a.redis.commands);
    // The appends, what the witness reads, and each heartbeat's look at the head.
    const heartbeats = (performance.now() - from) / HEARTBEAT_MS;
    expect(after('evalsha') - before('evalsha')).toBeLessThan(10 + 60 + 2 * heartbeats);

    await a.store.append(a.tenant, run, [completed()]);
    const reading = setInterval(() => {
      socket.take();
    }, 1);
    try {
      await watching.ended;
    } finally {
      clearInterval(reading);
    }
    expect(watching.sequences.join()).toBe(upTo(10_002).join());
    expect(watching.signals.some(({ kind }) => kind === 'gap')).toBe(false);
    expect(socket.most).toBeLessThan(3 * PAGE_BYTES);
  });

  it('T13 a slow watcher does not slow its neighbours', async () => {
    const run = await a.createRun();
    const socket = new FakeSocket();
    const slow = watchThrough(socket, run);
    const fast = watchRun(a, run);
    for (let n = 0; n < 10; n++) await appendLines(a, run, 500);
    await a.store.append(a.tenant, run, [completed()]);
    await fast.ended;
    expect(fast.sequences.join()).toBe(upTo(5002).join());
    expect(slow.sequences.length).toBeLessThan(5002);
    slow.stop();
  });

  it('T13 T19 one that leaves while it waits for its reader leaves nothing behind', async () => {
    const run = await a.createRun();
    const sockets = upTo(20).map(() => new FakeSocket());
    const watchers = sockets.map((socket) => watchThrough(socket, run));
    for (let n = 0; n < 4; n++)
      await a.store.append(
        a.tenant,
        run,
        upTo(100).map(() => line('x'.repeat(2000))),
      );
    await eventually('all are full', () => sockets.every((socket) => !socket.ready()));
    for (const watching of watchers) watching.stop();
    await eventually('no feed is left', () => a.feeds.statistics.feeds === 0);
    const counts = watchers.map(({ signals }) => signals.length);
    for (const socket of sockets) socket.take();
    await a.store.append(a.tenant, run, [completed()]);
    expect(watchers.map(({ signals }) => signals.length)).toEqual(counts);
  });

  it('T254 tells who comes to follow a run just after it was deleted, since somebody else still has its feed', async () => {
    const store = await createTestStore({ heartbeatMs: 3_600_000 });
    try {
      const run = await store.createRun();
      const { after } = await store.watcher.locate(store.tenant, run, 'tail');
      // It takes nothing, and so keeps the feed open without following it.
      const demand: Demand = {
        ready: () => false,
        drained: () => new Promise<void>(() => undefined),
        room: () => Promise.resolve(() => undefined),
      };
      const signals: WatchSignal[] = [];
      const watch = (more: { demand?: Demand } = {}) =>
        store.watcher
          .watch(store.tenant, run, { after, announceCursor: true, ...more })
          .subscribe((signal) => {
            signals.push(signal);
          });
      const keeping = watch({ demand });
      watch();
      await eventually('both watch', () => signals.length === 2);
      await store.store.delete(store.tenant, run);
      await eventually('it is told', () => signals.length === 3);
      const late = firstValueFrom(store.watcher.watch(store.tenant, run, { after }));
      expect(await late).toMatchObject({ kind: 'close', reason: 'deleted' });
      keeping.unsubscribe();
    } finally {
      await store.close();
    }
  });
});

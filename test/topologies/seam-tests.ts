import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  appendLines,
  completed,
  createTestStore,
  line,
  type TestStore,
  type TestStoreOptions,
  upTo,
  watchRun,
  type Watching,
} from '../support/event-store.js';

/** Servers of a test's own, and what its stores are told of them. */
export interface SeamServers {
  options: TestStoreOptions;
  stop(): Promise<void>;
}

/**
 * What may come between history and live. Three instances share one Redis, as three processes would.
 *
 * @param open Default: the Redis of all tests.
 */
export function seamTests(open: () => Promise<SeamServers> = theSharedOne): void {
  let servers: SeamServers;
  let instances: [TestStore, TestStore, TestStore];
  let a: TestStore;

  beforeAll(async () => {
    servers = await open();
    a = await createTestStore(servers.options);
    instances = [a, await another(), await another({ watcherPageBytes: 4096 })];
  });
  afterAll(async () => {
    await Promise.all(instances.map((instance) => instance.close()));
    await servers.stop();
  });

  const another = (options: TestStoreOptions = {}) =>
    createTestStore({ ...servers.options, tenant: a.tenant, ...options });

  const anInstance = () => instances[Math.floor(Math.random() * 3)] ?? a;

  it('T01 T05 watchers that join and are cut at random moments hold every event once, in order', async () => {
    const run = await a.createRun();
    const total = 3000;

    async function watchWithCuts(cuts: number): Promise<{ held: number[]; last: Watching }> {
      const held: number[] = [];
      let watching = watchRun(anInstance(), run);
      for (let cut = 0; cut < cuts; cut++) {
        const enough = Math.floor(Math.random() * 400);
        await Promise.race([
          watching.until('some events', ({ sequences }) => sequences.length >= enough),
          watching.ended,
        ]);
        watching.stop();
        held.push(...watching.sequences);
        watching = watchRun(anInstance(), run, { after: watching.cursor });
      }
      await watching.ended;
      held.push(...watching.sequences);
      return { held, last: watching };
    }

    const watchers: ReturnType<typeof watchWithCuts>[] = [];
    for (let next = 2; next < total;) {
      const size = Math.min(1 + Math.floor(Math.random() * 25), total - next);
      const batch = upTo(next + size - 1, next).map((n) => line(`${n}`));
      await anInstance().store.append(a.tenant, run, batch);
      next += size;
      if (watchers.length < 200) watchers.push(watchWithCuts(watchers.length % 4));
    }
    await a.store.append(a.tenant, run, [completed()]);

    const all = upTo(total).join();
    for (const { held, last } of await Promise.all(watchers)) {
      // As text: 200 deep comparisons of 3000 numbers take seconds.
      if (held.join() !== all) expect(held).toEqual(upTo(total));
      expect(last.signals.at(-1)).toMatchObject({ kind: 'close', reason: 'ended', status: 'completed' });
      expect(last.signals.some((signal) => signal.kind === 'gap')).toBe(false);
    }
  });

  it('T02 a quiet watcher gets what comes after any number of heartbeats', async () => {
    const quick = await another({ heartbeatMs: 20 });
    try {
      const run = await a.createRun();
      const watching = watchRun(quick, run);
      for (let round = 2; round <= 5; round++) {
        const beats = watching.signals.length + 3;
        await watching.until('heartbeats', ({ signals }) => signals.length >= beats);
        await a.store.append(a.tenant, run, [line(`${round}`)]);
        await watching.until('the event', ({ sequences }) => sequences.length === round);
      }
      expect(watching.sequences).toEqual(upTo(5));
      watching.stop();
    } finally {
      await quick.close();
    }
  });

  it('T03 a watcher that is there before the first event sees the run from its start', async () => {
    const run = await a.createRun('later');
    expect(await a.redis.commands.exists(a.store.keys.run(a.tenant, run).events)).toBe(0);
    const watchers = instances.map((instance) => watchRun(instance, run));
    const tail = await a.watcher.locate(a.tenant, run, 'tail');
    const fromTail = watchRun(a, run, { after: tail.after, announceCursor: true });
    await fromTail.until('its cursor', ({ signals }) => signals.length > 0);
    await appendLines(a, run, 3);
    await a.store.append(a.tenant, run, [completed()]);
    for (const watching of [...watchers, fromTail]) {
      await watching.ended;
      expect(watching.sequences).toEqual(upTo(4));
    }
  });

  it('T04 two watchers both see every event, on one instance and on two', async () => {
    const run = await a.createRun();
    const watchers = [a, a, instances[1], instances[1]].map((instance) => watchRun(instance, run));
    await Promise.all(
      watchers.map((watching) => watching.until('the first', (w) => w.sequences.length === 1)),
    );
    for (let n = 0; n < 50; n++) await anInstance().store.append(a.tenant, run, [line(`${n}`)]);
    await a.store.append(a.tenant, run, [completed()]);
    for (const watching of watchers) {
      await watching.ended;
      expect(watching.sequences).toEqual(upTo(52));
    }
  });

  it('T05 an event appended during a reconnect comes once', async () => {
    const run = await a.createRun();
    for (let round = 0; round < 30; round++) {
      const first = watchRun(a, run);
      await first.until('history', ({ sequences }) => sequences.length > round);
      first.stop();
      const append = a.store.append(a.tenant, run, [line('meanwhile')]);
      const second = watchRun(anInstance(), run, { after: first.cursor });
      await append;
      await second.until('the new one', ({ sequences }) => sequences.length > 0);
      expect([...first.sequences, ...second.sequences]).toEqual(upTo(round + 2));
      second.stop();
    }
  });

  it('T06 whoever joins around the last event sees it, and then the close', async () => {
    for (let round = 0; round < 40; round++) {
      const run = await a.createRun();
      const early = watchRun(a, run);
      if (round % 2 === 0) await early.until('the first', ({ sequences }) => sequences.length > 0);
      const end = a.store.append(a.tenant, run, [line('x'), completed()]);
      const late = [anInstance(), anInstance()].map((instance) => watchRun(instance, run));
      await end;
      for (const watching of [early, ...late, watchRun(a, run)]) {
        const signals = await watching.ended;
        expect(watching.sequences).toEqual([1, 2, 3]);
        expect(signals.filter((signal) => signal.kind === 'close')).toHaveLength(1);
        expect(signals.at(-1)).toMatchObject({ kind: 'close', status: 'completed', cursor: { sequence: 3 } });
      }
    }
  });

  it('T31 runs side by side keep to themselves, also when one ends', async () => {
    const runs = await Promise.all(upTo(10).map(() => a.createRun()));
    const watchers = runs.map((run) => ({ run, watching: watchRun(anInstance(), run) }));
    await Promise.all(
      runs.map(async (run, i) => {
        for (let n = 0; n < 20 * (i + 1); n++) await anInstance().store.append(a.tenant, run, [line(run)]);
        await a.store.append(a.tenant, run, [completed(run)]);
      }),
    );
    for (const [i, { run, watching }] of watchers.entries()) {
      const signals = await watching.ended;
      expect(watching.sequences).toEqual(upTo(20 * (i + 1) + 2));
      for (const signal of signals) {
        for (const { json } of signal.kind === 'events' ? signal.events : []) {
          const event = JSON.parse(json.toString()) as { run_id: string; data: object };
          expect(event.run_id).toBe(run);
          if (event.data && 'line' in event.data) expect(event.data.line).toBe(run);
        }
      }
    }
    for (const { feeds } of instances) expect(feeds.statistics).toMatchObject({ feeds: 0, watchers: 0 });
  });
}

function theSharedOne(): Promise<SeamServers> {
  return Promise.resolve({ options: {}, stop: () => Promise.resolve() });
}

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
import { BEGINNING, type EventId, parseEventId } from '../../events/index.js';

describe('Resuming', () => {
  let a: TestStore;
  /** Keeps few events: Redis trims whole nodes of 100. */
  let short: TestStore;

  beforeAll(async () => {
    a = await createTestStore();
    short = await createTestStore({ maxLength: 200 });
  });
  afterAll(async () => {
    await a.close();
    await short.close();
  });

  async function idsOf(store: TestStore, run: string): Promise<EventId[]> {
    const page = await store.store.read(store.tenant, run, { limit: 10_000, maxBytes: 1e9 });
    return page.events.map((event) => event.position);
  }

  it('T07 a run that has ended is replayed from any cursor, its end included', async () => {
    const run = await a.createRun();
    await appendLines(a, run, 8);
    await a.store.append(a.tenant, run, [completed()]);
    for (const [i, id] of [BEGINNING, ...(await idsOf(a, run))].entries()) {
      const { over } = await a.watcher.locate(a.tenant, run, id);
      expect(over).toBe(i === 10);
      const watching = watchRun(a, run, { after: id });
      const signals = await watching.ended;
      expect(watching.sequences).toEqual(upTo(10, i + 1));
      expect(signals.at(-1)).toMatchObject({ kind: 'close', reason: 'ended', status: 'completed' });
    }
  });

  it('T07 only the very last event of an ended run means that all is known', async () => {
    const run = await a.createRun();
    const [start] = await idsOf(a, run);
    expect(await a.watcher.locate(a.tenant, run, start ?? BEGINNING)).toMatchObject({ over: false });
    await a.store.append(a.tenant, run, [completed()]);
    const last = (await idsOf(a, run)).at(-1) ?? BEGINNING;
    expect(await a.watcher.locate(a.tenant, run, { ...last, ms: last.ms - 1 })).toMatchObject({
      over: false,
    });
    expect(await a.watcher.locate(a.tenant, run, last)).toMatchObject({ over: true });
  });

  it('T09 a cursor, or a beginning, that was trimmed is a gap that says exactly how much is missing', async () => {
    const run = await short.createRun();
    await appendLines(short, run, 100);
    const early = await idsOf(short, run);
    await appendLines(short, run, 900);
    await short.store.append(short.tenant, run, [completed()]);
    const kept = await idsOf(short, run);
    const first = kept[0];
    if (!first || first.sequence <= 101) throw new Error('nothing was trimmed');

    for (const cursor of [BEGINNING, early[0], early[41], early[99]]) {
      const watching = watchRun(short, run, { after: cursor });
      const [gap] = await watching.ended;
      const sequence = cursor?.sequence ?? 0;
      expect(gap).toEqual({
        kind: 'gap',
        reason: 'trimmed',
        after: sequence === 0 ? undefined : cursor,
        firstAvailable: first,
        missed: first.sequence - 1 - sequence,
        cursor: { ms: first.ms, sequence: first.sequence - 1 },
      });
      expect(watching.sequences).toEqual(upTo(1002, first.sequence));
      // The gap's own cursor is one to resume from, and once was enough to be told.
      const again = watchRun(short, run, { after: gap?.cursor });
      expect((await again.ended).filter(({ kind }) => kind === 'gap')).toEqual([]);
      expect(again.sequences).toEqual(upTo(1002, first.sequence));
    }
    const whole = watchRun(short, run, { after: first });
    expect((await whole.ended).filter(({ kind }) => kind === 'gap')).toEqual([]);
  });

  it('T09 a slow reader that is overtaken by the trimming is told in the middle of its stream', async () => {
    const run = await short.createRun();
    let ready = true;
    let wake: () => void = () => undefined;
    const watching = watchRun(short, run, {
      demand: {
        ready: () => ready,
        drained: () => new Promise((resolve) => (wake = resolve)),
        room: () => Promise.resolve(() => undefined),
      },
    });
    await watching.until('the first', ({ sequences }) => sequences.length === 1);
    ready = false;
    await appendLines(short, run, 1500);
    await short.store.append(short.tenant, run, [completed()]);
    const held = watching.sequences.length;
    ready = true;
    wake();
    const signals = await watching.ended;
    const [first] = await idsOf(short, run);
    const gap = signals.find((signal) => signal.kind === 'gap');
    expect(gap).toMatchObject({
      reason: 'trimmed',
      after: { sequence: held },
      firstAvailable: first,
      missed: (first?.sequence ?? 0) - 1 - held,
    });
    expect(watching.sequences).toEqual([...upTo(held), ...upTo(1502, first?.sequence)]);
  });

  it('T10 cursors that are not of this log are a gap, after which it comes from its start', async () => {
    const run = await a.createRun();
    const other = await a.createRun();
    await appendLines(a, run, 5);
    await appendLines(a, other, 9);
    await a.store.append(a.tenant, run, [completed()]);
    const ids = await idsOf(a, run);
    const [first, last] = [ids[0] ?? BEGINNING, ids.at(-1) ?? BEGINNING];
    const foreign = await idsOf(a, other);
    for (const cursor of [
      { ms: last.ms, sequence: last.sequence + 1 },
      { ms: last.ms + 3_600_000, sequence: 3 },
      { ms: last.ms - 1, sequence: last.sequence },
      { ms: 1, sequence: 4 },
      { ms: 0, sequence: 4 },
      foreign.at(-1) ?? BEGINNING,
      parseEventId('9007199254740991-9007199254740991'),
    ]) {
      const watching = watchRun(a, run, { after: cursor });
      const [gap] = await watching.ended;
      expect(gap).toEqual({
        kind: 'gap',
        reason: 'diverged',
        after: cursor,
        firstAvailable: first,
        missed: undefined,
        cursor: BEGINNING,
      });
      expect(watching.sequences).toEqual(upTo(7));
    }
  });

  it('T10 two watchers may resume from the same cursor at once', async () => {
    const run = await a.createRun();
    await appendLines(a, run, 4);
    const cursor = (await idsOf(a, run))[2] ?? BEGINNING;
    const both = [watchRun(a, run, { after: cursor }), watchRun(a, run, { after: cursor })];
    await a.store.append(a.tenant, run, [completed()]);
    for (const watching of both) {
      await watching.ended;
      expect(watching.sequences).toEqual([4, 5, 6]);
    }
  });

  it('T10 a cursor for a run without events yet is a gap, and then its events come', async () => {
    const run = await a.createRun('later');
    const watching = watchRun(a, run, { after: { ms: 5, sequence: 2 } });
    await watching.until('the gap', ({ signals }) => signals.length > 0);
    expect(watching.signals).toEqual([
      expect.objectContaining({
        kind: 'gap',
        reason: 'diverged',
        firstAvailable: undefined,
        cursor: BEGINNING,
      }),
    ]);
    await a.store.append(a.tenant, run, [completed()]);
    await watching.ended;
    expect(watching.sequences).toEqual([1]);
  });

  it('T18 a filter that hides the end of the run does not hide the close', async () => {
    const run = await a.createRun();
    const filter = a.store.types.parseFilter('llm.*');
    const live = watchRun(a, run, { filter, announceCursor: true });
    await live.until('its cursor', ({ signals }) => signals.length > 0);
    await a.store.append(a.tenant, run, [line('hidden'), completed()]);
    for (const watching of [live, watchRun(a, run, { filter })]) {
      const signals = await watching.ended;
      expect(watching.sequences).toEqual([]);
      expect(signals.at(-1)).toMatchObject({ kind: 'close', status: 'completed', cursor: { sequence: 3 } });
      // Which is the cursor that tells an EventSource to stop.
      expect(await a.watcher.locate(a.tenant, run, watching.cursor)).toMatchObject({ over: true });
    }
  });

  it('T18 a quiet watcher, filtered or from the tail, resumes where it really was', async () => {
    const quick = await createTestStore({ tenant: a.tenant, heartbeatMs: 20 });
    try {
      const run = await quick.createRun();
      await appendLines(quick, run, 3);
      const { after } = await quick.watcher.locate(quick.tenant, run, 'tail');
      const filter = quick.store.types.parseFilter('llm.*');
      for (const options of [
        { after, announceCursor: true },
        { after, announceCursor: true, filter },
      ]) {
        const watching = watchRun(quick, run, options);
        await watching.until('its cursor', ({ signals }) => signals.length > 0);
        expect(watching.signals[0]).toEqual({ kind: 'cursor', cursor: after });
        watching.stop();
      }
      const filtered = watchRun(quick, run, { after, filter, announceCursor: true });
      await appendLines(quick, run, 4);
      await filtered.until('a cursor past what it hides', ({ signals }) =>
        signals.some((s) => s.kind === 'heartbeat' && s.announce && s.cursor.sequence === 8),
      );
      expect(filtered.sequences).toEqual([]);
      filtered.stop();
      const resumed = watchRun(quick, run, { after: filtered.cursor });
      await quick.store.append(quick.tenant, run, [completed()]);
      await resumed.ended;
      expect(resumed.sequences).toEqual([9]);
    } finally {
      await quick.close();
    }
  });

  it('T09 a run past its retention is known, and says so', async () => {
    const run = await a.createRun();
    await a.store.append(a.tenant, run, [completed()]);
    await a.redis.commands.del(a.store.keys.run(a.tenant, run).events);
    await expect(a.watcher.locate(a.tenant, run, 'start')).rejects.toThrow(RunExpiredError);
    await a.store.delete(a.tenant, run);
    await expect(a.watcher.locate(a.tenant, run, 'start')).rejects.toThrow(RunNotFoundError);
    await expect(watchRun(a, run).ended).rejects.toThrow(RunNotFoundError);
  });
});

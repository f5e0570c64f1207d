import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendLines, createTestStore, line, type TestStore } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { journalOf } from '../../../test/support/journal.js';
import { spreadOver } from '../../../test/support/partitions.js';
import { BEGINNING, type RecordedEvent } from '../../events/index.js';
import type { EncodedEvent } from '../log/encoded-event.js';
import {
  formatJournalCursor,
  type JournalCursor,
  parseJournalCursor,
} from '../log/journal/journal-cursor.js';
import { partitionOfRun } from '../log/runs/run-id.js';
import type { Demand } from './demand.js';
import type { LogWatchOptions } from './log-watcher.js';
import type { WatchSignal } from './watch-signal.js';

describe('T287 the journal of a tenant with several partitions', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await createTestStore({ watcherPageBytes: 4096, heartbeatMs: 200 });
  });
  afterEach(() => store.close());

  /** What came, and where its reader stands after each. */
  interface Seen {
    events: EncodedEvent[];
    signals: WatchSignal[];
    stop(): void;
  }
  const watch = (after: JournalCursor, options: Partial<Omit<LogWatchOptions, 'after'>> = {}): Seen => {
    const seen: Seen = { events: [], signals: [], stop: () => undefined };
    const watching = journalOf(store)
      .watcher.watch(store.tenant, { ...options, after })
      .subscribe((signal) => {
        seen.signals.push(signal);
        if (signal.kind === 'events') seen.events.push(...signal.events);
      });
    seen.stop = () => {
      watching.unsubscribe();
    };
    return seen;
  };
  const idOf = ({ json }: EncodedEvent): string => {
    const { run_id, id } = JSON.parse(String(json)) as RecordedEvent;
    return `${run_id} ${id}`;
  };
  /** Runs in all partitions, with what their logs hold. */
  const makeRuns = async (count: number, lines: number): Promise<string[]> => {
    const runs = await Promise.all(Array.from({ length: count }, () => store.createRun()));
    await Promise.all(runs.map((run) => appendLines(store, run, lines)));
    return runs;
  };
  const truthOf = async (runs: readonly string[]): Promise<string[]> => {
    const logs = await Promise.all(runs.map((run) => store.store.read(store.tenant, run)));
    return logs.flatMap(({ events }) => events.map((event) => `${event.runId} ${event.id}`));
  };
  /** Once each, and those of a run in the order of its log. */
  const expectExact = (events: readonly EncodedEvent[], truth: readonly string[]): void => {
    const ids = events.map(idOf);
    expect([...ids].sort()).toEqual([...truth].sort());
    const ofRun = (all: readonly string[], run: string): string[] => all.filter((id) => id.startsWith(run));
    for (const run of new Set(events.map(({ runId }) => runId)))
      expect(ofRun(ids, run)).toEqual(ofRun(truth, run));
  };
  const isByTime = (events: readonly EncodedEvent[]): boolean =>
    events.every(({ position }, i) => i === 0 || events[i - 1]!.position.ms <= position.ms);

  it('is read from the beginning by the time of the events, whatever page they are in, and then live', async () => {
    await spreadOver(store, 4);
    const runs = await makeRuns(12, 40);
    // Chance may leave one of them out.
    while (new Set(runs.map(partitionOfRun)).size < 4) runs.push(...(await makeRuns(1, 40)));
    const truth = await truthOf(runs);
    const seen = watch([BEGINNING]);
    await eventually('all is seen', () => seen.events.length >= truth.length);
    expectExact(seen.events, truth);
    expect(isByTime(seen.events)).toBe(true);
    const more = await makeRuns(8, 20);
    const all = await truthOf([...runs, ...more]);
    await eventually('what is new is seen', () => seen.events.length >= all.length);
    expectExact(seen.events, all);
    seen.stop();
  });

  it('goes on at the id of any event, and at what a cursor or a heartbeat says', async () => {
    await spreadOver(store, 3);
    const runs = await makeRuns(6, 15);
    const truth = await truthOf(runs);
    const seen = watch([BEGINNING], { announceCursor: true, filter: ({ type }) => type !== 'x.y' });
    await eventually('all is seen', () => seen.events.length >= truth.length);
    const beat = (): WatchSignal | undefined =>
      seen.signals.findLast((signal) => signal.kind === 'heartbeat' && signal.across !== undefined);
    await eventually('there is a heartbeat after all', () => {
      const last = beat();
      return last !== undefined && formatJournalCursor(last.across!.cursor) === seen.events.at(-1)!.id;
    });
    expect(seen.signals[0]).toMatchObject({
      kind: 'cursor',
      across: { cursor: [BEGINNING, BEGINNING, BEGINNING] },
    });
    seen.stop();
    for (let cut = 0; cut < truth.length; cut += 7) {
      const rest = watch(parseJournalCursor(seen.events[cut]!.id));
      await eventually('the rest is seen', () => rest.events.length >= truth.length - cut - 1);
      expectExact([...seen.events.slice(0, cut + 1), ...rest.events], truth);
      rest.stop();
    }
  });

  it('is given no faster than its reader takes it', async () => {
    await spreadOver(store, 4);
    const truth = await truthOf(await makeRuns(8, 60));
    let most = 0;
    let waiting = 0;
    let drained: () => void = () => undefined;
    const demand: Demand = {
      ready: () => waiting < 5,
      drained: () => new Promise((resolve) => (drained = resolve)),
      room: () => Promise.resolve(() => undefined),
    };
    const events: EncodedEvent[] = [];
    const watching = journalOf(store)
      .watcher.watch(store.tenant, { after: [BEGINNING], demand })
      .subscribe((signal) => {
        if (signal.kind !== 'events') return;
        events.push(...signal.events);
        waiting++;
        most = Math.max(most, waiting);
      });
    await eventually('all is seen', () => {
      if (waiting >= 5) {
        waiting = 0;
        drained();
      }
      return events.length >= truth.length;
    });
    watching.unsubscribe();
    expect(most).toBe(5);
    expectExact(events, truth);
  });

  it('is raised while it is watched: nothing is lost, and cursors from before are good', async () => {
    const before = await makeRuns(4, 10);
    const seen = watch([BEGINNING]);
    await eventually('all is seen', () => seen.events.length >= 44);
    const old = seen.events[20]!.id;
    expect(parseJournalCursor(old)).toHaveLength(1);
    await spreadOver(store, 4);
    const runs = [...before, ...(await makeRuns(12, 10))];
    await store.store.append(store.tenant, before[0]!, [line('goes on where it is')]);
    const truth = await truthOf(runs);
    await eventually('what came since is seen', () => seen.events.length >= truth.length);
    expectExact(seen.events, truth);
    expect(parseJournalCursor(seen.events.at(-1)!.id)).toHaveLength(4);
    const rest = watch(parseJournalCursor(old));
    await eventually('the rest is seen', () => rest.events.length >= truth.length - 21);
    expectExact([...seen.events.slice(0, 21), ...rest.events], truth);
    for (const one of [seen, rest]) one.stop();
  });

  it('starts over as a whole when one of its cursors is none of this journal', async () => {
    await spreadOver(store, 3);
    const truth = await truthOf(await makeRuns(9, 5));
    const all = watch([BEGINNING]);
    await eventually('all is seen', () => all.events.length >= truth.length);
    const cursor = parseJournalCursor(all.events.at(-1)!.id);
    all.stop();
    const seen = watch([cursor[0]!, { ms: cursor[1]!.ms + 1_000_000, sequence: 1_000_000 }, cursor[2]!]);
    await eventually('all is seen again', () => seen.events.length >= truth.length);
    const gap = seen.signals.findIndex(({ kind }) => kind === 'gap');
    expect(seen.signals[gap]).toMatchObject({
      reason: 'diverged',
      across: { partition: 1, cursor: [BEGINNING, BEGINNING, BEGINNING] },
    });
    expect(seen.signals.slice(0, gap).filter(({ kind }) => kind === 'events')).toEqual([]);
    expectExact(seen.events, truth);
    seen.stop();
  });

  it('T287 a cursor that is longer than this process knows of is as good as any', async () => {
    await spreadOver(store, 4);
    const truth = await truthOf(await makeRuns(12, 5));
    const other = await createTestStore({ tenant: store.tenant });
    // It reads nothing of Redis that it did not read at its start.
    const { partitions } = other.store;
    expect(partitions.countOf(store.tenant)).toBe(4);
    const seen = watch([BEGINNING, BEGINNING, BEGINNING, BEGINNING, BEGINNING]);
    await eventually('all is seen', () => seen.events.length >= truth.length);
    expectExact(seen.events, truth);
    expect(parseJournalCursor(seen.events.at(-1)!.id)).toHaveLength(5);
    seen.stop();
    await other.close();
  });

  it.each(['asc', 'desc'] as const)('is paged %s without a seam, with pages of any size', async (order) => {
    await spreadOver(store, 4);
    const truth = await truthOf(await makeRuns(9, 8));
    const { journal } = journalOf(store);
    for (const limit of [1, 7, 50, 1000]) {
      const events: EncodedEvent[] = [];
      const range = { from: '-', to: '+', order, limit, maxBytes: 2000 };
      for (;;) {
        const page = await journal.readRange(store.tenant, range);
        events.push(...page.events);
        expect(page.events.length).toBeLessThanOrEqual(limit);
        if (page.complete || page.reached === undefined) break;
        range[order === 'asc' ? 'from' : 'to'] = `(${page.reached}`;
      }
      if (order === 'desc') events.reverse();
      expectExact(events, truth);
      expect(isByTime(events)).toBe(true);
    }
  });
});

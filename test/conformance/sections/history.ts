import assert from 'node:assert/strict';
import type { Client } from '../client.js';
import {
  eventOf,
  numberedRange,
  terminal,
  typeOf,
  type HistoryPage,
  type RecordedEvent,
  type Run,
} from '../model.js';
import { defineSection } from '../runner.js';
import { assertSequences } from '../watcher.js';

type Order = 'asc' | 'desc';
const ORDERS: Order[] = ['asc', 'desc'];

/** Reads a run page by page, as a client does, and checks what every page promises. */
async function pageThrough(
  api: Client,
  runId: string,
  order: Order,
  limit: number,
  type?: string,
): Promise<RecordedEvent[]> {
  const read: RecordedEvent[] = [];
  const pages: HistoryPage[] = [];
  let from: string | null = null;
  do {
    const page: HistoryPage = await api.page(runId, {
      order,
      limit,
      ...(type === undefined ? {} : { type }),
      ...(from === null ? {} : { [order === 'asc' ? 'start_id' : 'end_id']: from }),
    });
    const where = `${order} limit ${limit} page ${pages.length + 1}`;
    assert.equal(page.run_id, runId);
    assert.equal(page.count, page.events.length, `${where}: count`);
    assert.equal(page.has_more, page.next_id !== null, `${where}: has_more and next_id say the same`);
    if (from !== null)
      assert.equal(page.events[0]?.id, from, `${where}: begins with next_id of the page before`);
    if (page.has_more) assert.equal(page.count, limit, `${where}: a page that is not the last is full`);
    pages.push(page);
    read.push(...page.events);
    from = page.next_id;
  } while (from !== null);
  assert.equal(
    pages.length,
    Math.max(1, Math.ceil(read.length / limit)),
    `${order} limit ${limit}: number of pages`,
  );
  return read;
}

/** A run whose events are of three types in turn. */
async function mixedRun(api: Client, count: number): Promise<Run> {
  const run = await api.createRun();
  const types = ['llm.stream', 'gate.requested', 'llm.reasoning', 'log.stdout', 'llm.stream'];
  const events = Array.from({ length: count }, (_, i) =>
    eventOf(types[i % types.length] ?? '', { n: i + 1 }),
  );
  for (let i = 0; i < count; i += 1000) await api.append(run.id, events.slice(i, i + 1000));
  return run;
}

export const history = defineSection('3.2 History', (check) => {
  check('without parameters it is the log from its beginning', async ({ api }) => {
    const run = await api.createRun();
    const { ids } = await api.append(run.id, numberedRange(1, 20));
    const page = await api.page(run.id);
    assert.equal(page.run_id, run.id);
    assert.equal(page.count, 21);
    assert.equal(page.has_more, false);
    assert.equal(page.next_id, null);
    assertSequences(page.events, 1, 21);
    assert.deepEqual(
      page.events.slice(1).map(({ id }) => id),
      ids,
    );
  });

  check('pages neither overlap nor skip, in both directions and with every limit', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, numberedRange(1, 59));
    for (const order of ORDERS) {
      for (const limit of [1, 7, 20, 30, 59, 60, 61, 10_000]) {
        const read = await pageThrough(api, run.id, order, limit);
        assertSequences(order === 'asc' ? read : read.toReversed(), 1, 60);
      }
    }
  });

  check(
    '5000 events page through with limits 999 and 10000, in both directions',
    async ({ api, needsEvents }) => {
      needsEvents(5000);
      const run = await mixedRun(api, 4999);
      for (const order of ORDERS) {
        for (const limit of [999, 10_000]) {
          const read = await pageThrough(api, run.id, order, limit);
          assertSequences(order === 'asc' ? read : read.toReversed(), 1, 5000);
        }
      }
    },
  );

  check('a type filter fills its pages with matching events, in both directions', async ({ api }) => {
    const run = await mixedRun(api, 60);
    const all = await api.history(run.id);
    const cases: [string, (event: RecordedEvent) => boolean][] = [
      ['gate.requested', (event) => typeOf(event) === 'gate.requested'],
      ['llm.*', ({ event }) => event.category === 'llm'],
      ['lifecycle.*,log.stdout', ({ event }) => event.category === 'lifecycle' || event.category === 'log'],
      ['llm.stream,llm.*', ({ event }) => event.category === 'llm'],
    ];
    for (const [type, matches] of cases) {
      const wanted = all.filter(matches);
      for (const order of ORDERS) {
        for (const limit of [1, 4, 7, 12, 1000]) {
          const read = await pageThrough(api, run.id, order, limit, type);
          assert.deepEqual(
            order === 'asc' ? read : read.toReversed(),
            wanted,
            `${type} ${order} limit ${limit}`,
          );
        }
      }
    }
  });

  check('matching events far apart are found on one page', async ({ api, needsEvents }) => {
    needsEvents(3003);
    const run = await api.createRun();
    for (let i = 0; i < 3; i++) {
      await api.append(run.id, [...numberedRange(1, 999), eventOf('gate.approved', { i })]);
    }
    for (const order of ORDERS) {
      const read = await pageThrough(api, run.id, order, 2, 'gate.*');
      assert.deepEqual(
        read.map(({ data }) => data.i),
        order === 'asc' ? [0, 1, 2] : [2, 1, 0],
      );
    }
  });

  check('a filter that nothing matches is an empty last page', async ({ api }) => {
    const run = await mixedRun(api, 30);
    const page = await api.page(run.id, { type: 'patch.*', limit: 5 });
    assert.deepEqual(page.events, []);
    assert.equal(page.count, 0);
    assert.equal(page.has_more, false);
    assert.equal(page.next_id, null);
  });

  check('a run that has ended is read as before', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, [...numberedRange(1, 3), terminal()]);
    const read = await pageThrough(api, run.id, 'asc', 2);
    assertSequences(read, 1, 5);
    assert.equal(read.at(-1)?.event.action, 'completed');
  });

  check('a page ends early, with has_more, when it reaches 16 MiB', async ({ api }) => {
    const run = await api.createRun();
    const c = 'x'.repeat(1_000_000);
    await api.appendLines(
      run.id,
      Array.from({ length: 20 }, (_, n) => eventOf('llm.stream', { n, c })),
    );
    const first = await api.page(run.id, { limit: 1000 });
    assert.ok(first.has_more && first.next_id !== null, 'there is more');
    assert.ok(first.count >= 10 && first.count < 20, `about 16 events of a megabyte, got ${first.count}`);
    const second = await api.page(run.id, { limit: 1000, start_id: first.next_id });
    assertSequences([...first.events, ...second.events], 1, 21);
    assert.equal(second.next_id, null);
  });

  check('what is acknowledged is in the history at once', async ({ api }) => {
    const run = await api.createRun();
    for (let n = 0; n < 20; n++) {
      const { last_id } = await api.append(run.id, numberedRange(n, n));
      const { events } = await api.page(run.id, { order: 'desc', limit: 1 });
      assert.equal(events[0]?.id, last_id);
    }
  });
});

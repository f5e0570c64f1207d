import assert from 'node:assert/strict';
import { expectError, expectStatus, type Client, type Query } from '../client.js';
import {
  eventOf,
  idParts,
  JOURNAL_ID,
  terminal,
  typeOf,
  type EventInput,
  type JournalPage,
  type RecordedEvent,
} from '../model.js';
import { defineSection } from '../runner.js';
import type { Watcher } from '../watcher.js';

// Other checks write into the same journal at the same time: these narrow it down to runs of their own.

async function page(api: Client, query: Query): Promise<JournalPage> {
  return expectStatus(await api.get('/events', query), 200).json<JournalPage>();
}

function output(n: number): EventInput {
  return eventOf('log.stdout', { n });
}

/** Two runs that were written to in turn: what their journal is to be, from oldest to newest. */
async function twoRuns(api: Client, count: number): Promise<{ run_id: string; events: RecordedEvent[] }> {
  const runs = [await api.createRun(), await api.createRun()];
  const wanted: RecordedEvent[] = [];
  for (const run of runs) wanted.push(...(await api.history(run.id)));
  for (let n = 0; n < count; n++) {
    const run = runs[n % 2];
    assert.ok(run);
    const event = n % 5 === 4 ? eventOf('gate.requested', { n }) : output(n);
    wanted.push(await api.stored(run.id, await api.append(run.id, event)));
  }
  return { run_id: runs.map(({ id }) => id).join(','), events: wanted };
}

async function pageThrough(
  api: Client,
  query: Query & { order: string; limit: number },
): Promise<RecordedEvent[]> {
  const read: RecordedEvent[] = [];
  let from: Query = {};
  for (;;) {
    const { events, count, has_more, next_id } = await page(api, { ...query, ...from });
    assert.equal(count, events.length);
    assert.equal(has_more, next_id !== null, 'has_more and next_id say the same');
    assert.ok(count <= query.limit);
    read.push(...events);
    if (next_id === null) return query.order === 'asc' ? read : read.toReversed();
    assert.match(next_id, JOURNAL_ID);
    from = { [query.order === 'asc' ? 'start_id' : 'end_id']: next_id };
  }
}

/** Frame ids are the journal's: both halves of each position only grow. */
function assertGrowing(watcher: Watcher): void {
  let before: ReturnType<typeof idParts>[] = [];
  for (const { id } of watcher.frames) {
    const positions = (id ?? '').split('.').map(idParts);
    for (const [i, { ms, sequence }] of before.entries()) {
      const now = positions[i];
      assert.ok(now && ms <= now.ms && sequence <= now.sequence, 'ids of the journal only grow');
    }
    before = positions;
  }
}

export const journal = defineSection('3.4 All runs of a tenant', (check) => {
  check('GET /events has the events of all runs in the order of their appending', async ({ api }) => {
    const { run_id, events } = await twoRuns(api, 30);
    assert.deepEqual(await pageThrough(api, { run_id, order: 'asc', limit: 10_000 }), events);
  });

  check('its pages neither overlap nor skip, in both directions and with every limit', async ({ api }) => {
    const { run_id, events } = await twoRuns(api, 20);
    for (const order of ['asc', 'desc']) {
      for (const limit of [1, 7, 21, 22, 23]) {
        assert.deepEqual(await pageThrough(api, { run_id, order, limit }), events, `${order} limit ${limit}`);
      }
    }
  });

  check('type and run_id narrow it, alone and together', async ({ api }) => {
    const { run_id, events } = await twoRuns(api, 20);
    const [first = ''] = run_id.split(',');
    const ofFirst = events.filter((event) => event.run_id === first);
    assert.deepEqual(await pageThrough(api, { run_id: first, order: 'asc', limit: 3 }), ofFirst);
    const gates = events.filter((event) => typeOf(event) === 'gate.requested');
    assert.equal(gates.length, 4);
    assert.deepEqual(await pageThrough(api, { run_id, type: 'gate.*', order: 'desc', limit: 3 }), gates);
    const unknown = await page(api, { run_id: 'r0_00000000000000000000000000' });
    assert.deepEqual([unknown.events, unknown.has_more, unknown.next_id], [[], false, null]);
  });

  check('token-level types are left out by default', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, [eventOf('llm.stream'), output(1), eventOf('llm.reasoning'), terminal()]);
    const { events } = await page(api, { run_id: run.id });
    assert.deepEqual(
      events.map(({ sequence }) => sequence),
      [1, 3, 5],
    );
  });

  check('a page goes over into the live stream without a seam', async ({ api }) => {
    const run = await api.createRun();
    for (const query of [{ order: 'asc' }, { order: 'desc', limit: 2 }, { order: 'asc', type: 'gate.*' }]) {
      const { last_event_id } = await page(api, { ...query, run_id: run.id });
      assert.match(last_event_id ?? '', JOURNAL_ID);
      const { ids } = await api.append(run.id, [output(1), output(2)]);
      const watcher = await api.watchAll({ query: { run_id: run.id }, lastEventId: last_event_id ?? '' });
      const events = await watcher.untilEvents(2);
      assert.deepEqual(
        events.map(({ id }) => id),
        ids,
      );
      watcher.cut();
    }
  });

  check('a page of a full limit goes over as well: after its last event', async ({ api }) => {
    const { run_id, events } = await twoRuns(api, 10);
    const { last_event_id, events: held } = await page(api, { run_id, limit: 5 });
    const watcher = await api.watchAll({ query: { run_id }, lastEventId: last_event_id ?? '' });
    assert.deepEqual([...held, ...(await watcher.untilEvents(events.length - 5))], events);
  });

  check('GET /events/stream replays and goes on live, with the ids of the journal', async ({ api }) => {
    const { run_id, events } = await twoRuns(api, 10);
    const [first = '', second = ''] = run_id.split(',');
    const watcher = await api.watchAll({ query: { run_id } });
    await watcher.untilEvents(events.length);
    for (let n = 0; n < 5; n++) {
      await api.append(first, output(n));
      await api.append(second, output(n));
      await watcher.untilEvents(events.length + 2 * n + 2);
    }
    assert.deepEqual(watcher.events.slice(0, events.length), events);
    const sequences = watcher.events
      .filter((event) => event.run_id === first)
      .map(({ sequence }) => sequence);
    assert.deepEqual(
      sequences,
      sequences.map((_, i) => i + 1),
    );
    assertGrowing(watcher);
  });

  check('resumed from any frame it has every event once', async ({ api }) => {
    const { run_id, events } = await twoRuns(api, 12);
    const watcher = await api.watchAll({ query: { run_id } });
    await watcher.untilEvents(events.length);
    const frames = watcher.frames.filter(({ event }) => event !== 'cursor');
    for (const [i, frame] of frames.entries()) {
      const rest = events.slice(i + 1);
      const again = await api.watchAll({ query: { run_id }, lastEventId: frame.id ?? '' });
      if (rest.length > 0) assert.deepEqual(await again.untilEvents(rest.length), rest);
      again.cut();
    }
  });

  check('it goes on when a run ends, without close', async ({ api }) => {
    const [ending, other] = [await api.createRun(), await api.createRun()];
    const query = { run_id: `${ending.id},${other.id}`, from: 'tail' };
    const watcher = await api.watchAll({ query });
    await watcher.untilControl('cursor');
    await api.append(ending.id, terminal());
    await api.append(other.id, output(1));
    const events = await watcher.untilEvents(2);
    assert.deepEqual(events.map(typeOf), ['lifecycle.completed', 'log.stdout']);
    assert.ok(watcher.controls.every(({ event }) => event === 'cursor'));
  });

  check('a run that is deleted leaves no gap', async ({ api }) => {
    const [gone, kept] = [await api.createRun(), await api.createRun()];
    const query = { run_id: `${gone.id},${kept.id}` };
    await api.append(gone.id, [output(1), output(2)]);
    const watcher = await api.watchAll({ query });
    await watcher.untilEvents(4);
    const frames = watcher.frames.filter(({ event }) => event !== 'cursor');
    watcher.cut();
    expectStatus(await api.request('DELETE', `/runs/${gone.id}`), 204);
    await api.append(kept.id, output(3));
    for (const frame of [...frames, { id: undefined }]) {
      const again = await api.watchAll({ query, ...(frame.id && { lastEventId: frame.id }) });
      await again.until('the last event', () => again.events.at(-1)?.data.n === 3);
      assert.ok(again.events.every((event) => event.run_id === kept.id));
      assert.ok(!again.controls.some(({ event }) => event === 'gap'));
      again.cut();
    }
    assert.equal((await page(api, query)).count, 2);
  });

  check('a cursor that is not of this journal is a diverged gap, then everything', async ({ api }) => {
    const { run_id, events } = await twoRuns(api, 3);
    // An old time with a low number may have been an entry: of a run that another check has deleted.
    for (const lastEventId of ['9999999999999-999999999', '5-999999999']) {
      const watcher = await api.watchAll({ query: { run_id }, lastEventId });
      const { data } = await watcher.untilControl('gap');
      assert.equal(data['reason'], 'diverged');
      assert.equal(data['after_id'], lastEventId);
      assert.deepEqual(await watcher.untilEvents(events.length), events);
      watcher.cut();
    }
  });

  check('a filter begins with a cursor; named=false leaves the names of events out', async ({ api }) => {
    const { run_id } = await twoRuns(api, 10);
    const watcher = await api.watchAll({ query: { run_id, type: 'gate.*', named: false } });
    assert.equal((await watcher.untilEvents(2)).length, 2);
    assert.deepEqual(watcher.frameNames.slice(0, 3), ['cursor', 'message', 'message']);
  });

  check('what is wrong in the query is refused, before the first byte', async ({ api }) => {
    for (const path of ['/events', '/events/stream']) {
      for (const query of [{ run_id: 'x' }, { run_id: '' }, { form: 'tail' }, { type: 'No.Type' }]) {
        expectError(await api.get(path, query), 400, 'VALIDATION_FAILED');
      }
      expectError(await api.get(path, { type: 'un.known' }), 400, 'UNKNOWN_EVENT_TYPE');
    }
    expectError(await api.get('/events', { start_id: '1' }), 400, 'INVALID_EVENT_ID');
    expectError(await api.get('/events', { end_id: 'x-1' }), 400, 'INVALID_EVENT_ID');
    expectError(await api.get('/events', { limit: 0 }), 400, 'VALIDATION_FAILED');
    expectError(await api.get('/events/stream', { last_event_id: '1' }), 400, 'INVALID_EVENT_ID');
    const headers = { 'last-event-id': 'x' };
    expectError(await api.request('GET', '/events/stream', { headers }), 400, 'INVALID_EVENT_ID');
  });
});

import assert from 'node:assert/strict';
import type { Client } from '../client.js';
import { idParts, numbered, numberedRange, terminal } from '../model.js';
import { defineSection, type CheckContext } from '../runner.js';
import { assertSequences } from '../watcher.js';

/** Expects a cursor that is not in the log to be answered with `gap` and everything from the beginning. */
async function divergesFrom(api: Client, runId: string, cursor: string, count: number): Promise<void> {
  const [first] = (await api.page(runId, { limit: 1 })).events;
  for (const options of [{ lastEventId: cursor }, { query: { last_event_id: cursor } }]) {
    const watcher = await api.watch(runId, options);
    assertSequences(await watcher.untilEvents(count), 1, count);
    const { frame, data } = await watcher.untilControl('gap');
    assert.equal(watcher.frames[0], frame, 'the gap comes before what follows it');
    assert.deepEqual(data, {
      reason: 'diverged',
      after_id: cursor,
      first_available_id: first?.id,
      missed: null,
    });
    const resumed = await api.watch(runId, { lastEventId: frame.id ?? '' });
    assertSequences(await resumed.untilEvents(count), 1, count);
    assert.deepEqual(
      resumed.controls.map(({ event }) => event).filter((event) => event === 'gap'),
      [],
    );
  }
}

/** A run whose beginning has been trimmed away, with the id of every sequence. */
async function trimmedRun(t: CheckContext): Promise<{ runId: string; ids: string[]; first: number }> {
  const { api, limits } = t;
  const kept = limits.eventMaxLength;
  if (kept === undefined) t.skip("the server's EVENT_MAX_LENGTH is unknown: give --event-max-length");
  if (kept > 1000) t.skip('needs a server with EVENT_MAX_LENGTH of at most 1000');
  const run = await api.createRun();
  const ids = (await api.page(run.id)).events.map(({ id }) => id);
  // Trimming is approximate, by whole nodes of the log, so a small limit needs some hundreds more.
  const total = Math.max(kept * 3, kept + 600);
  for (let n = 2; n <= total; n += 500) {
    ids.push(...(await api.append(run.id, numberedRange(n, Math.min(total, n + 499)))).ids);
  }
  const log = await api.history(run.id);
  const first = log[0]?.sequence ?? 0;
  assert.ok(first > 2, `after ${total} events with EVENT_MAX_LENGTH ${kept} the beginning is trimmed`);
  assert.ok(log.length >= kept, `never fewer than ${kept} events are kept, got ${log.length}`);
  assertSequences(log, first, total);
  return { runId: run.id, ids, first };
}

export const streamGaps = defineSection('3.3 Live stream: gaps', (check) => {
  check('a cursor from the future is a diverged gap, then everything from the beginning', async ({ api }) => {
    const run = await api.createRun();
    const { last_id } = await api.append(run.id, numberedRange(2, 6));
    const { ms, sequence } = idParts(last_id);
    await divergesFrom(api, run.id, `${ms + 5000}-${sequence + 10}`, 6);
    await divergesFrom(api, run.id, `${ms}-${sequence + 1}`, 6);
  });

  check('a cursor with a sequence of this run and the time of another is diverged', async ({ api }) => {
    const run = await api.createRun();
    const { ids } = await api.append(run.id, numberedRange(2, 6));
    const { ms } = idParts(ids[2] ?? '');
    for (const other of [`${ms - 1000}-4`, `${ms + 1000}-4`, `${ms - 1}-6`, '1-1']) {
      await divergesFrom(api, run.id, other, 6);
    }
  });

  check("another run's cursor is diverged", async ({ api }) => {
    const other = await api.createRun();
    const { last_id } = await api.append(other.id, numberedRange(2, 9));
    const run = await api.createRun();
    await api.append(run.id, numberedRange(2, 4));
    await divergesFrom(api, run.id, last_id, 4);
  });

  check(
    'on a run that has ended a foreign cursor is diverged too, then the replay and close',
    async ({ api }) => {
      const run = await api.createRun();
      const { last_id } = await api.append(run.id, [numbered(2), terminal()]);
      const { ms } = idParts(last_id);
      const watcher = await (await api.watch(run.id, { lastEventId: `${ms + 5}-9` })).untilEnd();
      assert.equal((await watcher.untilControl('gap')).data.reason, 'diverged');
      assertSequences(watcher.events, 1, 3);
      assert.equal(watcher.frames.at(-1)?.event, 'close');
    },
  );

  check('after a diverged gap the stream goes on live', async ({ api }) => {
    const run = await api.createRun();
    const watcher = await api.watch(run.id, { lastEventId: '99-99' });
    await watcher.untilEvents(1);
    await api.append(run.id, numberedRange(2, 5));
    assertSequences(await watcher.untilEvents(5), 1, 5);
    assert.equal(watcher.controls.length, 1, 'one gap frame');
  });

  check('a diverged cursor with a filter or named=false gets its gap as well', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, numberedRange(2, 4));
    for (const query of [{ type: 'llm.*' }, { named: false }, { from: 'tail' }]) {
      const watcher = await api.watch(run.id, { query, lastEventId: '99-99' });
      assert.equal((await watcher.untilControl('gap')).data.reason, 'diverged');
      await watcher.untilEvents('type' in query ? 3 : 4);
    }
  });

  check('a trimmed beginning is a gap with the exact number missed, also with from=start', async (t) => {
    const { runId, ids, first } = await trimmedRun(t);
    for (const query of [{}, { from: 'start' }]) {
      const watcher = await t.api.watch(runId, { query });
      assertSequences(await watcher.untilEvents(ids.length - first + 1), first, ids.length);
      const { frame, data } = await watcher.untilControl('gap');
      assert.equal(frame, watcher.frames[0]);
      const wanted = {
        reason: 'trimmed',
        after_id: null,
        first_available_id: ids[first - 1],
        missed: first - 1,
      };
      assert.deepEqual(data, wanted);
    }
  });

  check('a cursor older than what is kept is a gap with the exact number missed', async (t) => {
    const { runId, ids, first } = await trimmedRun(t);
    for (const held of [1, first - 2]) {
      const cursor = ids[held - 1] ?? '';
      const watcher = await t.api.watch(runId, { lastEventId: cursor });
      assertSequences(await watcher.untilEvents(ids.length - first + 1), first, ids.length);
      const { frame, data } = await watcher.untilControl('gap');
      assert.equal(frame, watcher.frames[0]);
      const wanted = {
        reason: 'trimmed',
        after_id: cursor,
        first_available_id: ids[first - 1],
        missed: first - 1 - held,
      };
      assert.deepEqual(data, wanted);
      const resumed = await t.api.watch(runId, { lastEventId: frame.id ?? '' });
      assert.equal((await resumed.untilEvents(1))[0]?.sequence, first, 'the id of gap resumes behind it');
      assert.deepEqual(resumed.controls, [], 'and meets no second gap');
    }
  });

  check('a cursor just before what is kept has missed nothing', async (t) => {
    const { runId, ids, first } = await trimmedRun(t);
    for (const held of [first - 1, first]) {
      const watcher = await t.api.watch(runId, { lastEventId: ids[held - 1] ?? '' });
      assertSequences(await watcher.untilEvents(ids.length - held), held + 1, ids.length);
      assert.deepEqual(watcher.controls, []);
    }
  });
});

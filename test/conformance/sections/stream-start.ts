import assert from 'node:assert/strict';
import { expectStatus, type Client } from '../client.js';
import { EVENT_ID, numbered, numberedRange, terminal, type RecordedEvent, type Run } from '../model.js';
import { defineSection } from '../runner.js';
import { assertSequences } from '../watcher.js';

/** A run of `count` events, and the id of each sequence. */
async function runOf(
  api: Client,
  count: number,
  ended = false,
): Promise<{ run: Run; id: (sequence: number) => string }> {
  const run = await api.createRun();
  await api.append(run.id, [...numberedRange(2, ended ? count - 1 : count), ...(ended ? [terminal()] : [])]);
  const ids = (await api.history(run.id)).map((event) => event.id);
  assert.equal(ids.length, count);
  return { run, id: (sequence) => ids[sequence - 1] ?? '' };
}

export const streamStart = defineSection('3.3 Live stream: where to begin', (check) => {
  check('by default, and with from=start, a late watcher misses nothing', async ({ api }) => {
    const { run } = await runOf(api, 20);
    for (const query of [{}, { from: 'start' }]) {
      const watcher = await api.watch(run.id, { query });
      assertSequences(await watcher.untilEvents(20), 1, 20);
      assert.deepEqual(watcher.controls, [], 'no control frames');
    }
  });

  check('a watcher that is there before the first append sees it live', async ({ api }) => {
    const run = await api.createRun();
    const watcher = await api.watch(run.id);
    await watcher.untilEvents(1);
    for (let n = 2; n <= 10; n++) {
      await api.append(run.id, numbered(n));
      await watcher.untilEvents(n);
    }
    assertSequences(watcher.events, 1, 10);
  });

  check('from=tail begins with a cursor at the last event and shows only what follows', async ({ api }) => {
    const { run, id } = await runOf(api, 10);
    const watcher = await api.watch(run.id, { query: { from: 'tail' } });
    const { frame, data } = await watcher.untilControl('cursor');
    assert.equal(frame, watcher.frames[0], 'the cursor is the first frame');
    assert.equal(frame.id, id(10));
    assert.deepEqual(data, {});
    await api.append(run.id, numberedRange(11, 15));
    assertSequences(await watcher.untilEvents(5), 11, 15);
  });

  check('a from=tail watcher that has seen nothing yet resumes where it really was', async ({ api }) => {
    const { run } = await runOf(api, 5);
    const first = await api.watch(run.id, { query: { from: 'tail' } });
    await first.untilControl('cursor');
    first.cut();
    await api.append(run.id, numberedRange(6, 8));
    const again = await api.watch(run.id, { query: { from: 'tail' }, lastEventId: first.lastEventId });
    assertSequences(await again.untilEvents(3), 6, 8);
  });

  check('a cursor is exclusive, in the header and in the query', async ({ api }) => {
    const { run, id } = await runOf(api, 12);
    for (const from of [1, 5, 9, 10, 11]) {
      for (const options of [
        { lastEventId: id(from) },
        { query: { last_event_id: id(from) } },
        { query: { lastEventId: id(from), last_event_id: id(9) } },
        { lastEventId: id(from), query: { lastEventId: id(9) } },
      ]) {
        const watcher = await api.watch(run.id, options);
        assertSequences(await watcher.untilEvents(12 - from), from + 1, 12);
      }
    }
  });

  check('a cursor at the last event waits for what follows', async ({ api }) => {
    const { run, id } = await runOf(api, 6);
    const watcher = await api.watch(run.id, { lastEventId: id(6) });
    await api.append(run.id, numberedRange(7, 8));
    assertSequences(await watcher.untilEvents(2), 7, 8);
  });

  check('the header goes before the query, and a cursor before from', async ({ api }) => {
    const { run, id } = await runOf(api, 10);
    const both = await api.watch(run.id, {
      lastEventId: id(8),
      query: { last_event_id: id(2), from: 'start' },
    });
    assertSequences(await both.untilEvents(2), 9, 10);
    const overStart = await api.watch(run.id, { query: { last_event_id: id(9), from: 'start' } });
    assertSequences(await overStart.untilEvents(1), 10, 10);
    const overTail = await api.watch(run.id, { query: { last_event_id: id(7), from: 'tail' } });
    assertSequences(await overTail.untilEvents(3), 8, 10);
  });

  check('0-0 is the beginning', async ({ api }) => {
    const { run } = await runOf(api, 5);
    for (const options of [{ lastEventId: '0-0' }, { query: { last_event_id: '0-0' } }]) {
      const watcher = await api.watch(run.id, options);
      assertSequences(await watcher.untilEvents(5), 1, 5);
      assert.deepEqual(watcher.controls, [], 'no gap');
    }
  });

  check('cut anywhere and resumed, a watcher holds every event once', async ({ api, needsEvents }) => {
    needsEvents(101);
    const { run } = await runOf(api, 40);
    const appending = (async () => {
      for (let n = 41; n <= 100; n += 3) await api.append(run.id, numberedRange(n, n + 2));
    })();
    const held: RecordedEvent[] = [];
    let cursor: string | undefined;
    for (const next of [1, 7, 20, 41, 55, 80]) {
      // What came after the cut was decided came with it: the next round may have nothing left to wait for.
      if (held.length >= next) continue;
      const watcher = await api.watch(run.id, { lastEventId: cursor });
      await watcher.untilEvents(next - held.length);
      watcher.cut();
      held.push(...watcher.events);
      cursor = watcher.lastEventId;
    }
    await appending;
    await api.append(run.id, terminal());
    const last = await (await api.watch(run.id, { lastEventId: cursor })).untilEnd();
    held.push(...last.events);
    assertSequences(held, 1, 101);
  });

  check('two clients that come back with the same cursor both get everything after it', async ({ api }) => {
    const { run, id } = await runOf(api, 20);
    const twins = await Promise.all([1, 2, 3].map(() => api.watch(run.id, { lastEventId: id(10) })));
    await api.append(run.id, numberedRange(21, 25));
    for (const watcher of twins) assertSequences(await watcher.untilEvents(15), 11, 25);
  });

  check('a run that has ended is replayed in full at any later time', async ({ api }) => {
    const { run, id } = await runOf(api, 8, true);
    for (let i = 0; i < 2; i++) {
      const watcher = await (await api.watch(run.id)).untilEnd();
      assertSequences(watcher.events, 1, 8);
      assert.equal(watcher.frames.at(-1)?.event, 'close');
    }
    const tail = await (await api.watch(run.id, { lastEventId: id(7) })).untilEnd();
    assertSequences(tail.events, 8, 8);
    assert.deepEqual((await tail.untilControl('close')).data, { reason: 'ended', status: 'completed' });
  });

  check('a cursor that is the terminal event is 204', async ({ api }) => {
    const { run, id } = await runOf(api, 4, true);
    const ways = [
      { lastEventId: id(4) },
      { query: { last_event_id: id(4) } },
      { lastEventId: id(4), query: { type: 'llm.*' } },
      { lastEventId: id(4), query: { from: 'tail', named: false } },
    ];
    for (const options of ways) {
      const reply = expectStatus(await api.streamReply(run.id, options), 204);
      assert.equal(reply.body.length, 0);
    }
  });

  check(
    'a client that comes back with the id of close, or with the last event before it, is told to stop',
    async ({ api }) => {
      const run = await api.createRun();
      const watcher = await api.watch(run.id);
      await api.append(run.id, [numbered(1), terminal('failed')]);
      await watcher.untilEnd();
      assert.match(watcher.lastEventId, EVENT_ID);
      for (const cursor of [watcher.lastEventId, watcher.ids.at(-1) ?? '']) {
        expectStatus(await api.streamReply(run.id, { lastEventId: cursor }), 204);
      }
    },
  );
});

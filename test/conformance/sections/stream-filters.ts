import assert from 'node:assert/strict';
import { expectStatus } from '../client.js';
import { eventOf, numbered, terminal, typeOf, type EventInput, type RecordedEvent } from '../model.js';
import { defineSection } from '../runner.js';

/** Every fifth event is a gate's, the others are text. */
function mixed(from: number, to: number): EventInput[] {
  return Array.from({ length: to - from + 1 }, (_, i) => {
    const n = from + i;
    return n % 5 === 0 ? eventOf('gate.requested', { n }) : numbered(n);
  });
}

const numbersOf = (events: RecordedEvent[]): unknown[] => events.map(({ data }) => data.n);

export const streamFilters = defineSection('3.3 Live stream: filters', (check) => {
  check('a filter lets only matching events through, in the replay and live', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, mixed(1, 12));
    const exact = await api.watch(run.id, { query: { type: 'gate.requested' } });
    const category = await api.watch(run.id, { query: { type: 'gate.*,lifecycle.*' } });
    await exact.untilEvents(2);
    await api.append(run.id, [...mixed(13, 21), terminal()]);
    await Promise.all([exact.untilEnd(), category.untilEnd()]);
    assert.deepEqual(numbersOf(exact.events), [5, 10, 15, 20]);
    const types = ['lifecycle.started', ...Array<string>(4).fill('gate.requested'), 'lifecycle.completed'];
    assert.deepEqual(category.events.map(typeOf), types);
  });

  check('a filtered stream begins with a cursor', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, mixed(1, 6));
    const watcher = await api.watch(run.id, { query: { type: 'gate.*' } });
    await watcher.untilEvents(1);
    assert.equal(watcher.frames[0]?.event, 'cursor');
    assert.equal(watcher.frames[0].data, '{}');
  });

  check(
    'from any frame of a filtered stream a client resumes without loss or repetition',
    async ({ api }) => {
      const run = await api.createRun();
      await api.append(run.id, mixed(1, 22));
      const query = { type: 'gate.*' };
      const watcher = await api.watch(run.id, { query });
      await watcher.untilEvents(4);
      watcher.cut();
      await api.append(run.id, [...mixed(23, 31), terminal()]);
      for (const [i, frame] of watcher.frames.entries()) {
        const before = watcher.frames
          .slice(0, i + 1)
          .filter(({ event }) => event === 'gate.requested').length;
        const again = await (await api.watch(run.id, { query, lastEventId: frame.id ?? '' })).untilEnd();
        assert.deepEqual(
          numbersOf(again.events),
          [5, 10, 15, 20, 25, 30].slice(before),
          `resumed from ${frame.event} ${frame.id}`,
        );
      }
    },
  );

  check(
    'a filtered from=tail watcher that has seen nothing yet resumes where it really was',
    async ({ api }) => {
      const run = await api.createRun();
      await api.append(run.id, mixed(1, 7));
      const query = { type: 'gate.*', from: 'tail' };
      const first = await api.watch(run.id, { query });
      await first.untilControl('cursor');
      first.cut();
      await api.append(run.id, mixed(8, 11));
      const again = await api.watch(run.id, { query, lastEventId: first.lastEventId });
      assert.deepEqual(numbersOf(await again.untilEvents(1)), [10]);
    },
  );

  check(
    'a filter that hides the terminal event still gets close, and coming back is 204',
    async ({ api }) => {
      const run = await api.createRun();
      const query = { type: 'gate.*' };
      const live = await api.watch(run.id, { query });
      await live.untilControl('cursor');
      await api.append(run.id, [...mixed(1, 6), terminal()]);
      const late = await api.watch(run.id, { query });
      for (const watcher of [live, late]) {
        const { data } = await watcher.untilControl('close');
        await watcher.untilEnd();
        assert.deepEqual(data, { reason: 'ended', status: 'completed' });
        assert.deepEqual(numbersOf(watcher.events), [5]);
        expectStatus(await api.streamReply(run.id, { query, lastEventId: watcher.lastEventId }), 204);
      }
    },
  );

  check('with the heartbeat a cursor carries a client past hidden events', async ({ api, limits }) => {
    const run = await api.createRun();
    const watcher = await api.watch(run.id, { query: { type: 'gate.*' } });
    await watcher.untilControl('cursor');
    const { last_id } = await api.append(run.id, [numbered(1), numbered(2), numbered(3)]);
    const moved = () => watcher.controls.some(({ event, id }) => event === 'cursor' && id === last_id);
    await watcher.until(`a cursor at ${last_id}`, moved, limits.heartbeatMs * 1.3 + 2000);
    assert.equal(watcher.events.length, 0, 'no hidden event came through');
  });

  check('named=false and a filter go together', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, [...mixed(1, 10), terminal()]);
    const watcher = await (await api.watch(run.id, { query: { type: 'gate.*', named: false } })).untilEnd();
    assert.deepEqual(numbersOf(watcher.events), [5, 10]);
    assert.deepEqual(watcher.frameNames, ['cursor', 'message', 'message', 'close']);
  });
});

import assert from 'node:assert/strict';
import { expectError } from '../client.js';
import { EVENT_ID, eventOf, numbered, numberedRange, terminal, typeOf, UTC_TIME } from '../model.js';
import { defineSection } from '../runner.js';
import { assertSequences } from '../watcher.js';

export const streamFrames = defineSection('3.3 Live stream: frames', (check) => {
  check('the headers keep caches, proxies and compression away', async ({ api }) => {
    const run = await api.createRun();
    const { headers } = await api.watch(run.id);
    assert.match(String(headers['content-type']), /^text\/event-stream; ?charset=utf-8$/i);
    assert.match(String(headers['cache-control']), /\bno-cache\b/);
    assert.match(String(headers['cache-control']), /\bno-transform\b/);
    assert.equal(headers['x-accel-buffering'], 'no');
    assert.ok(headers['x-request-id'], 'X-Request-Id is there');
  });

  check('an event is one frame: its id, its type, and itself on one line of data', async ({ api }) => {
    const run = await api.createRun();
    const watcher = await api.watch(run.id);
    const sent = {
      source: { agent_id: 'a' },
      context: { task_id: 't' },
      metadata: { m: 1 },
      idempotency_key: 'k',
    };
    await api.append(run.id, [
      numbered(1, sent),
      eventOf('gate.requested', { why: 'two\nlines' }, sent),
      terminal(),
    ]);
    await watcher.untilControl('close');
    const replay = await (await api.watch(run.id)).untilEnd();
    const log = await api.history(run.id);
    for (const { frames } of [watcher, replay]) {
      const eventFrames = frames.filter(({ event }) => event !== 'close');
      assert.equal(eventFrames.length, log.length);
      for (const [i, frame] of eventFrames.entries()) {
        const event = log[i];
        assert.ok(event);
        assert.equal(frame.id, event.id);
        assert.equal(frame.event, typeOf(event));
        assert.deepEqual(JSON.parse(frame.data), event, 'the event as the history has it');
        assert.equal(frame.lines.filter((line) => line.startsWith('data:')).length, 1);
      }
    }
  });

  check('the id is the last line of its frame, and retry the first of the first', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, numberedRange(1, 3));
    const watchers = [
      await api.watch(run.id),
      await api.watch(run.id, { query: { from: 'tail', named: false } }),
      await api.watch(run.id, { lastEventId: '1-99' }),
    ];
    await api.append(run.id, terminal());
    for (const watcher of watchers) {
      await watcher.untilEnd();
      for (const [i, { lines }] of watcher.frames.entries()) {
        const fields = lines.filter((line) => !line.startsWith(':')).map((line) => line.split(':', 1)[0]);
        assert.deepEqual(
          fields.filter((field) => field !== 'event'),
          i === 0 ? ['retry', 'data', 'id'] : ['data', 'id'],
        );
      }
      assert.deepEqual(watcher.silent, []);
      assert.ok(/^(retry|:)/.test(watcher.raw), 'a stream does not begin with an empty line');
    }
  });

  check('nothing in a frame ends a line but the line feeds between its fields', async ({ api }) => {
    const run = await api.createRun();
    const watcher = await api.watch(run.id);
    const text = 'a\u0085b\u2028c\u2029d\re\nf';
    const key = 'k\u2028k';
    await api.append(
      run.id,
      numbered(1, {
        source: { agent_id: text.slice(0, 8) },
        context: { task_id: text.slice(0, 8) },
        data: { [text]: text },
        metadata: { [text]: text },
        idempotency_key: key,
      }),
    );
    const [, event] = await watcher.untilEvents(2);
    assert.ok(!/[\u0085\u2028\u2029\r]/.test(watcher.raw));
    assert.deepEqual([event?.data, event?.metadata], [{ [text]: text }, { [text]: text }]);
    assert.equal(event?.idempotency_key, key);
    assert.deepEqual((await api.history(run.id)).at(-1), event);
  });

  check('every frame has an id, and an id is always a cursor, never a number of its own', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, numberedRange(1, 5));
    const watchers = [
      await api.watch(run.id),
      await api.watch(run.id, { query: { from: 'tail' } }),
      await api.watch(run.id, { query: { type: 'llm.*', named: false } }),
      await api.watch(run.id, { lastEventId: '1-99' }),
    ];
    await api.append(run.id, [...numberedRange(6, 7), terminal()]);
    for (const watcher of watchers) {
      await watcher.untilEnd();
      for (const frame of watcher.frames) {
        assert.match(frame.id ?? 'no id', EVENT_ID, `id of frame ${frame.event}`);
      }
      for (const block of watcher.silent) {
        assert.ok(
          block.kind === 'silent' && (block.id === null || EVENT_ID.test(block.id)),
          JSON.stringify(block),
        );
      }
    }
  });

  check('retry comes with the first frame', async ({ api }) => {
    const run = await api.createRun();
    for (const query of [{}, { from: 'tail' }, { type: 'llm.*' }]) {
      const watcher = await api.watch(run.id, { query });
      await watcher.until('a first frame', () => watcher.frames.length > 0);
      assert.ok(
        (watcher.frames[0]?.retryMs ?? 0) > 0,
        `first frame: ${watcher.frames[0]?.lines.join(' / ')}`,
      );
    }
  });

  check('with named=false events have no name and control frames keep theirs', async ({ api }) => {
    const run = await api.createRun();
    const watcher = await api.watch(run.id, { query: { named: false, from: 'tail' } });
    await watcher.untilControl('cursor');
    await api.append(run.id, [numbered(1), terminal()]);
    await watcher.untilEnd();
    assertSequences(watcher.events, 2, 3);
    const shown = watcher.frames.map(({ event, named }) => (named ? event : '(none)'));
    assert.deepEqual(shown, ['cursor', '(none)', '(none)', 'close']);
  });

  check('a heartbeat comment with the time keeps the line open', async ({ api, limits }) => {
    const run = await api.createRun();
    const watcher = await api.watch(run.id);
    const heartbeat = () => watcher.comments.find(({ text }) => text.startsWith(' heartbeat '));
    await watcher.until(
      'a heartbeat comment',
      () => heartbeat() !== undefined,
      limits.heartbeatMs * 1.3 + 1000,
    );
    assert.match(heartbeat()?.text.slice(' heartbeat '.length) ?? '', UTC_TIME);
    assert.equal(watcher.events.length, 1, 'it dispatches no event');
    assert.deepEqual(watcher.silent, [], 'it ends no frame');
    assert.doesNotMatch(watcher.raw, /: heartbeat [^\n]*\n\n/);
  });

  check('a parameter that makes no sense is a 400 before the first byte', async ({ api }) => {
    const run = await api.createRun();
    for (const query of [{ from: 'middle' }, { named: 'perhaps' }, { nosuch: 1 }]) {
      expectError(await api.streamReply(run.id, { query }), 400, 'VALIDATION_FAILED');
    }
  });

  check(
    'a malformed cursor is a 400 before the first byte, in the header and in the query',
    async ({ api }) => {
      const run = await api.createRun();
      for (const cursor of ['abc', '7', '1-', '1-x', '1-2-3', '$', '1.5-1', '(1-1', '0x1-1']) {
        expectError(await api.streamReply(run.id, { lastEventId: cursor }), 400, 'INVALID_EVENT_ID');
        expectError(
          await api.streamReply(run.id, { query: { last_event_id: cursor } }),
          400,
          'INVALID_EVENT_ID',
        );
      }
    },
  );

  check(
    'a run that is not there is a 404 before the first byte, also for a returning client',
    async ({ api }) => {
      for (const options of [{}, { lastEventId: '1-1' }, { query: { from: 'tail' } }]) {
        expectError(await api.streamReply('r0_00000000000000000000000000', options), 404, 'RUN_NOT_FOUND');
      }
    },
  );

  check('a replay of 20 MiB to a client that reads is whole', async ({ api }) => {
    const run = await api.createRun();
    const c = 'é'.repeat(500_000);
    await api.appendLines(run.id, [
      ...Array.from({ length: 20 }, (_, n) => eventOf('llm.stream', { n, c })),
      terminal(),
    ]);
    const watcher = await (await api.watch(run.id)).untilEnd(25_000);
    assertSequences(watcher.events, 1, 22);
    assert.ok(watcher.events.slice(1, 21).every(({ data }) => data.c === c));
  });

  check('a watcher that reads nothing for a while loses nothing and is not disconnected', async ({ api }) => {
    const run = await api.createRun();
    const slow = await api.watch(run.id);
    await slow.untilEvents(1);
    slow.pause();
    const c = 'x'.repeat(500_000);
    const fast = await api.watch(run.id);
    for (let n = 0; n < 16; n++) await api.append(run.id, eventOf('llm.stream', { n, c }));
    await fast.untilEvents(17, 20_000);
    slow.resume();
    await slow.untilEvents(17, 20_000);
    await api.append(run.id, [numbered(99), terminal()]);
    await slow.untilEnd();
    assertSequences(slow.events, 1, 19);
  });
});

import assert from 'node:assert/strict';
import { expectStatus } from '../client.js';
import { EVENT_ID, eventOf, numbered, numberedRange, terminal } from '../model.js';
import { defineSection } from '../runner.js';
import { assertSequences, type Watcher } from '../watcher.js';

export const streamLive = defineSection('3.3 Live stream: live', (check) => {
  check('several watchers of one run each see every event', async ({ api }) => {
    const run = await api.createRun();
    const watchers = await Promise.all(Array.from({ length: 8 }, () => api.watch(run.id)));
    for (let n = 2; n <= 31; n++) await api.append(run.id, numbered(n));
    for (const watcher of watchers) assertSequences(await watcher.untilEvents(31), 1, 31);
  });

  check(
    'producers that append at once: all watchers see one and the same order, the order of the log',
    async ({ api, needsEvents }) => {
      needsEvents(202);
      const run = await api.createRun();
      const watchers: Watcher[] = [await api.watch(run.id)];
      const producers = Array.from({ length: 10 }, async (_, producer) => {
        for (let n = 0; n < 20; n++) await api.append(run.id, eventOf('llm.stream', { producer, n }));
        watchers.push(await api.watch(run.id));
      });
      await Promise.all(producers);
      await api.append(run.id, terminal());
      const ids = (await api.history(run.id)).map(({ id }) => id);
      assert.equal(ids.length, 202);
      for (const watcher of watchers) {
        await watcher.untilEnd();
        assert.deepEqual(watcher.ids, ids);
      }
    },
  );

  check(
    'watchers that join at any moment of a fast run see it whole: no loss, no repetition, no reordering',
    async ({ api, needsEvents }) => {
      needsEvents(2002);
      const run = await api.createRun();
      const upload = api.openUpload(run.id);
      const watchers: Watcher[] = [];
      const joining: Promise<unknown>[] = [];
      for (let n = 1; n <= 2000; n += 50) {
        // The answer of a small request is what lets the next part go: the run is fast, but spread over the joins.
        if (
          !upload.request.write(
            numberedRange(n, n + 49)
              .map((e) => `${JSON.stringify(e)}\n`)
              .join(''),
          )
        ) {
          await new Promise((resolve) => upload.request.once('drain', resolve));
        }
        joining.push(api.watch(run.id).then((watcher) => watchers.push(watcher)));
        await api.run(run.id);
      }
      upload.request.end(`${JSON.stringify(terminal())}\n`);
      assert.equal((await upload.response).statusCode, 200);
      await Promise.all(joining);
      assert.equal(watchers.length, 40);
      for (const watcher of watchers) {
        await watcher.untilEnd();
        assertSequences(watcher.events, 1, 2002);
      }
    },
  );

  check(
    'a watcher that is cut and comes back while events are appended sees none twice',
    async ({ api, needsEvents }) => {
      needsEvents(151);
      const run = await api.createRun();
      let appending = true;
      const producer = (async () => {
        for (let n = 2; n <= 150; n++) await api.append(run.id, numbered(n));
        await api.append(run.id, terminal());
        appending = false;
      })();
      const held: { sequence: number }[] = [];
      let cursor: string | undefined;
      while (appending) {
        const watcher = await api.watch(run.id, { lastEventId: cursor });
        await watcher.until('an event or the end', () => watcher.frames.length > 0);
        watcher.cut();
        held.push(...watcher.events);
        cursor = watcher.lastEventId;
        if (held.length >= 151) break;
      }
      await producer;
      if (held.length < 151) {
        const last = await (await api.watch(run.id, { lastEventId: cursor ?? '0-0' })).untilEnd();
        held.push(...last.events);
      }
      assertSequences(held, 1, 151);
    },
  );

  check('one big append reaches every watcher whole', async ({ api, needsEvents }) => {
    needsEvents(1001);
    const run = await api.createRun();
    const watchers = await Promise.all([1, 2, 3].map(() => api.watch(run.id)));
    const text = 'x'.repeat(2000);
    await api.append(
      run.id,
      Array.from({ length: 1000 }, (_, n) => eventOf('llm.stream', { n, text })),
    );
    for (const watcher of watchers) assertSequences(await watcher.untilEvents(1001), 1, 1001);
  });

  check("another run's events never come over a run's stream", async ({ api }) => {
    const pairs = await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const run = await api.createRun();
        return { run, watcher: await api.watch(run.id) };
      }),
    );
    await Promise.all(
      pairs.flatMap(({ run }) => [1, 2, 3, 4, 5].map((n) => api.append(run.id, numbered(n)))),
    );
    for (const { run, watcher } of pairs) {
      assertSequences(await watcher.untilEvents(6), 1, 6);
      for (const event of watcher.events) assert.equal(event.run_id, run.id);
    }
  });
});

export const streamEnd = defineSection('3.3 Live stream: the end', (check) => {
  check('after the terminal event comes close with the status, then the response ends', async ({ api }) => {
    for (const status of ['completed', 'failed', 'cancelled']) {
      const run = await api.createRun();
      const watcher = await api.watch(run.id);
      await watcher.untilEvents(1);
      await api.append(run.id, [numbered(2), terminal(status)]);
      await watcher.untilEnd();
      assertSequences(watcher.events, 1, 3);
      const { frame, data } = await watcher.untilControl('close');
      assert.deepEqual(data, { reason: 'ended', status });
      assert.equal(watcher.frames.at(-1), frame, 'nothing comes after close');
      assert.equal(watcher.controls.length, 1);
    }
  });

  check('a cancelled run closes its streams', async ({ api }) => {
    const run = await api.createRun();
    const watcher = await api.watch(run.id);
    expectStatus(await api.request('POST', `/runs/${run.id}/cancel`, { json: { reason: 'enough' } }), 200);
    await watcher.untilEnd();
    assert.deepEqual((await watcher.untilControl('close')).data, { reason: 'ended', status: 'cancelled' });
    assertSequences(watcher.events, 1, 2);
  });

  check('whoever joins while the run ends sees the terminal event and close', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, numberedRange(2, 10));
    const before = Array.from({ length: 10 }, () => api.watch(run.id));
    const ending = api.append(run.id, terminal());
    const after = Array.from({ length: 10 }, () => api.watch(run.id));
    await ending;
    for (const watcher of await Promise.all([...before, ...after])) {
      await watcher.untilEnd();
      assertSequences(watcher.events, 1, 11);
      assert.equal(watcher.frames.at(-1)?.event, 'close');
    }
  });

  check('a tail watcher that joins while the run ends does not hang', async ({ api }) => {
    const run = await api.createRun();
    const watcher = await api.watch(run.id, { query: { from: 'tail' } });
    await watcher.untilControl('cursor');
    await api.append(run.id, terminal());
    await watcher.untilEnd();
    assertSequences(watcher.events, 2, 2);
  });

  check('when its run is deleted a watcher gets close with reason deleted', async ({ api }) => {
    const run = await api.createRun();
    const watchers = [
      await api.watch(run.id),
      await api.watch(run.id, { query: { type: 'gate.*', named: false } }),
    ];
    await watchers[0]?.untilEvents(1);
    expectStatus(await api.request('DELETE', `/runs/${run.id}`), 204);
    for (const watcher of watchers) {
      await watcher.untilEnd();
      const { frame, data } = await watcher.untilControl('close');
      assert.equal(data.reason, 'deleted');
      assert.match(frame.id ?? 'no id', EVENT_ID);
    }
  });
});

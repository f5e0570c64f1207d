import assert from 'node:assert/strict';
import { expectError } from '../client.js';
import { EVENT_ID, eventOf, numbered, numberedRange, terminal, type EventInput } from '../model.js';
import { defineSection } from '../runner.js';
import { assertSequences } from '../watcher.js';
import { allRefused } from './all-refused.js';

const ONE_MIB = 1024 * 1024;

/** Data whose compact JSON has exactly this many bytes. */
function dataOfBytes(bytes: number, character = 'x'): EventInput {
  const overhead = Buffer.byteLength('{"content":""}');
  const width = Buffer.byteLength(character);
  const content = character.repeat(Math.floor((bytes - overhead) / width));
  const fill = 'x'.repeat(bytes - overhead - Buffer.byteLength(content));
  return eventOf('llm.stream', { content: content + fill });
}

export const appendJson = defineSection('3.1 Append: JSON', (check) => {
  check('one event is answered with 201 and its id, and is in the log', async ({ api }) => {
    const run = await api.createRun();
    const answer = await api.append(run.id, numbered(1));
    assert.equal(answer.run_id, run.id);
    assert.equal(answer.count, 1);
    assert.equal(answer.duplicates, 0);
    assert.equal(answer.ids.length, 1);
    assert.match(answer.last_id, EVENT_ID);
    assert.equal(answer.first_id, answer.last_id);
    assert.deepEqual(answer.ids, [answer.last_id]);
    assert.deepEqual((await api.stored(run.id, answer)).data, { n: 1 });
  });

  check('an array is stored in its order, with one id for each', async ({ api }) => {
    const run = await api.createRun();
    const answer = await api.append(run.id, numberedRange(1, 25));
    const [, ...log] = await api.history(run.id);
    assert.deepEqual(
      answer.ids,
      log.map(({ id }) => id),
    );
    assert.equal(answer.first_id, answer.ids[0]);
    assert.equal(answer.last_id, answer.ids[24]);
    assert.equal(answer.count, 25);
    assert.deepEqual(
      log.map(({ data }) => data.n),
      Array.from({ length: 25 }, (_, i) => i + 1),
    );
    assertSequences(log, 2, 26);
  });

  check('an array of one is an array', async ({ api }) => {
    const run = await api.createRun();
    assert.equal((await api.append(run.id, [numbered(1)])).count, 1);
  });

  check('1000 events in one array are taken', async ({ api, needsEvents }) => {
    needsEvents(1001);
    const run = await api.createRun();
    const answer = await api.append(run.id, numberedRange(1, 1000));
    assert.equal(answer.ids.length, 1000);
    assertSequences(await api.history(run.id), 1, 1001);
  });

  check('an empty array and one of 1001 are refused, and nothing is stored', async (t) => {
    await allRefused(t, [], 400, 'VALIDATION_FAILED');
    await allRefused(t, numberedRange(1, 1001), 400, 'VALIDATION_FAILED');
  });

  check('one bad event and none is stored, wherever it stands', async (t) => {
    const good = numbered(1);
    const bad: [unknown, number, string][] = [
      [{ ...good, source: { agent_name: 'no id' } }, 400, 'VALIDATION_FAILED'],
      [eventOf('zz_nosuch.thing'), 400, 'UNKNOWN_EVENT_TYPE'],
      [null, 400, 'VALIDATION_FAILED'],
      ['text', 400, 'VALIDATION_FAILED'],
      [[good], 400, 'VALIDATION_FAILED'],
    ];
    for (const [event, status, code] of bad) {
      await allRefused(t, [event, good], status, code);
      await allRefused(t, [good, event, good], status, code);
      await allRefused(t, [good, event], status, code);
    }
  });

  check('a terminal event may be the last of an array', async ({ api }) => {
    const run = await api.createRun();
    const answer = await api.append(run.id, [numbered(1), terminal()]);
    assert.equal(answer.count, 2);
    const now = await api.run(run.id);
    assert.equal(now.status, 'completed');
    assert.equal(now.sequence, 3);
  });

  check('a terminal event anywhere else is refused, and nothing is stored', async (t) => {
    await allRefused(t, [terminal(), numbered(1)], 400, 'VALIDATION_FAILED');
    await allRefused(t, [numbered(1), terminal('failed'), terminal('failed')], 400, 'VALIDATION_FAILED');
  });

  check('data of exactly 1 MiB is taken, one byte more is EVENT_TOO_LARGE', async (t) => {
    const run = await t.api.createRun();
    const answer = await t.api.append(run.id, dataOfBytes(ONE_MIB));
    assert.equal(JSON.stringify((await t.api.stored(run.id, answer)).data).length, ONE_MIB);
    await allRefused(t, dataOfBytes(ONE_MIB + 1), 413, 'EVENT_TOO_LARGE');
  });

  check('the size of data is counted in bytes, not characters', async (t) => {
    const run = await t.api.createRun();
    await t.api.append(run.id, dataOfBytes(ONE_MIB - 10, 'é'));
    await allRefused(t, dataOfBytes(ONE_MIB + 10, '👍'), 413, 'EVENT_TOO_LARGE');
  });

  check('one event too large in an array and none is stored', async (t) => {
    await allRefused(t, [numbered(1), dataOfBytes(ONE_MIB + 1)], 413, 'EVENT_TOO_LARGE');
  });

  check('after the end nothing is appended', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, terminal());
    expectError(await api.post(run.id, numbered(1)), 409, 'RUN_ENDED');
    expectError(await api.post(run.id, terminal('failed')), 409, 'RUN_ENDED');
    const now = await api.run(run.id);
    assert.equal(now.status, 'completed');
    assert.equal(now.sequence, 2);
  });
});

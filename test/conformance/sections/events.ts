import assert from 'node:assert/strict';
import { expectError, expectStatus } from '../client.js';
import { EVENT_ID, eventOf, idParts, numbered, numberedRange, terminal } from '../model.js';
import { defineSection } from '../runner.js';
import { assertSequences } from '../watcher.js';
import { eachRefused } from './each-refused.js';

const BUILT_IN: Record<string, string[]> = {
  lifecycle: ['completed', 'failed', 'cancelled'],
  llm: ['stream', 'reasoning', 'tool_call', 'tool_result', 'completed'],
  dispatch: ['team', 'worker'],
  agent: ['started', 'completed', 'error'],
  system: ['topology', 'warning', 'error'],
  session: ['started', 'completed'],
  task: ['created', 'dispatched', 'completed', 'failed'],
  gate: ['requested', 'approved', 'rejected', 'expired'],
  patch: ['created', 'applied', 'rejected'],
  log: ['stdout', 'stderr'],
};

export const events = defineSection('2 The event', (check) => {
  check('an event says what it has', async ({ api }) => {
    const run = await api.createRun();
    const answer = await api.append(run.id, numbered(7));
    const event = await api.stored(run.id, answer);
    assert.match(event.id, EVENT_ID);
    assert.equal(event.id, answer.last_id);
    assert.equal(event.run_id, run.id);
    assert.equal(event.tenant_id, run.tenant_id);
    assert.equal(event.sequence, 2);
    assert.deepEqual(event.event, { category: 'llm', action: 'stream' });
    assert.deepEqual(event.data, { n: 7 });
    assert.ok('timestamp' in event);
    for (const field of ['source', 'context', 'metadata', 'idempotency_key']) {
      assert.ok(!(field in event), `${field} is there, and has no value`);
    }
  });

  check(
    "an id's second half is the sequence, from 1 without holes, and its time never goes back",
    async ({ api }) => {
      const run = await api.createRun();
      for (let n = 0; n < 12; n++) await api.append(run.id, numberedRange(1, n % 4 || 1));
      const log = await api.history(run.id);
      assertSequences(log, 1, log.length);
      let lastMs = 0;
      for (const { id, sequence } of log) {
        const parts = idParts(id);
        assert.equal(parts.sequence, sequence, `id ${id} carries sequence ${sequence}`);
        assert.ok(parts.ms >= lastMs, `time goes back at ${id}`);
        lastMs = parts.ms;
      }
    },
  );

  check('producers that append at once leave no hole, and log order is sequence order', async ({ api }) => {
    const run = await api.createRun();
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, producer) =>
        api.append(run.id, [
          eventOf('llm.stream', { producer, n: 1 }),
          eventOf('llm.stream', { producer, n: 2 }),
        ]),
      ),
    );
    const log = await api.history(run.id);
    assertSequences(log, 1, 49);
    for (const { ids } of answers) {
      const [first, second] = ids.map((id) => idParts(id).sequence);
      assert.equal(second, (first ?? NaN) + 1, 'the events of one request stand together');
    }
  });

  check('every built-in type is taken', async ({ api }) => {
    const types = Object.entries(BUILT_IN).flatMap(([category, actions]) =>
      actions.map((a) => `${category}.${a}`),
    );
    const run = await api.createRun();
    // With a source, so that the lifecycle events are an agent's own and end nothing.
    await api.append(
      run.id,
      types.map((type) => eventOf(type, {}, { source: { agent_id: 'a' } })),
    );
    const [, ...log] = await api.history(run.id);
    assert.deepEqual(
      log.map(({ event }) => `${event.category}.${event.action}`),
      types,
    );
  });

  check('any other type is UNKNOWN_EVENT_TYPE, and the message lists what there is', async ({ api }) => {
    const run = await api.createRun();
    for (const type of ['zz_nosuch.thing', 'llm.zz_nosuch', 'constructor.constructor', 'llm.constructor']) {
      const error = expectError(await api.post(run.id, eventOf(type)), 400, 'UNKNOWN_EVENT_TYPE');
      assert.match(error.message, /\bllm\b/, `the message of ${type} lists the types`);
    }
    for (const type of ['LLM.stream', 'llm.Stream', 'llm.', 'llm.stream\n', '.stream', 'l-m.stream']) {
      const [category, action] = type.split('.');
      const reply = await api.post(run.id, { event: { category, action }, data: {} });
      expectError(reply, 400, 'UNKNOWN_EVENT_TYPE', 'VALIDATION_FAILED');
    }
    assert.equal((await api.run(run.id)).sequence, 1);
  });

  check('an event without a type is refused', async (t) => {
    const bad = [
      undefined,
      null,
      'llm.stream',
      {},
      { category: 'llm' },
      { category: 'llm', action: null },
      [],
    ];
    await eachRefused(
      t,
      bad.map((event) => ({ event, data: {} })),
      'VALIDATION_FAILED',
    );
  });

  check('a terminal event without a source ends the run', async ({ api }) => {
    for (const action of ['completed', 'failed', 'cancelled']) {
      const run = await api.createRun();
      await api.append(run.id, terminal(action));
      assert.equal((await api.run(run.id)).status, action);
      expectError(await api.post(run.id, numbered(1)), 409, 'RUN_ENDED');
    }
  });

  check("an agent's own lifecycle event, with a source, ends nothing", async ({ api }) => {
    const run = await api.createRun();
    const watcher = await api.watch(run.id);
    for (const action of ['completed', 'failed', 'cancelled']) {
      await api.append(run.id, terminal(action, {}, { source: { agent_id: 'a1' } }));
    }
    assert.equal((await api.run(run.id)).status, 'running');
    await api.append(run.id, numbered(1));
    await watcher.untilEvents(5);
    assert.equal(watcher.controls.length, 0, 'no close frame');
  });

  check('of terminal events that race exactly one wins, and nothing follows it', async ({ api }) => {
    const run = await api.createRun();
    const replies = await Promise.all([
      ...['completed', 'failed', 'cancelled', 'completed'].map((action) =>
        api.post(run.id, terminal(action)),
      ),
      api.request('POST', `/runs/${run.id}/cancel`, { json: {} }),
    ]);
    const won = replies.filter(({ status }) => status < 300);
    assert.equal(won.length, 1, `answers: ${replies.map(({ status }) => status).join()}`);
    for (const reply of replies) if (reply.status >= 300) expectError(reply, 409, 'RUN_ENDED');
    const log = await api.history(run.id);
    assertSequences(log, 1, 2);
    assert.equal((await api.run(run.id)).status, log[1]?.event.action);
    expectStatus(await api.get(`/runs/${run.id}`), 200);
  });
});

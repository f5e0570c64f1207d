import assert from 'node:assert/strict';
import { expectError, expectStatus } from '../client.js';
import { eventOf, numbered, terminal, typeOf, type Run } from '../model.js';
import { defineSection } from '../runner.js';

const RUN_FIELDS = [
  ...[
    'id',
    'tenant_id',
    'executor',
    'task',
    'key',
    'input',
    'labels',
    'context',
    'status',
    'attempt',
    'created_at',
  ],
  ...['started_at', 'completed_at', 'result', 'error', 'statistics', 'sequence', 'last_event_at'],
  ...['holder', 'waiting_for', 'expires_at', 'links'],
];

export const runs = defineSection('3 Runs', (check) => {
  check('POST /runs answers 201, Location and the run', async ({ api }) => {
    const json = {
      task: 'review the patch',
      key: 'patch 7',
      input: { pr: 7 },
      labels: { team: 'core', prio: 'high' },
      context: { session_id: 's1', mode: 'rlm' },
    };
    const reply = expectStatus(await api.request('POST', '/runs', { json }), 201);
    const run = reply.json<Run>();
    for (const field of RUN_FIELDS) assert.ok(field in run, `${field} is there`);
    assert.equal(run.executor, 'external');
    assert.equal(run.task, json.task);
    assert.equal(run.key, json.key);
    assert.deepEqual(run.input, json.input);
    assert.deepEqual(run.labels, json.labels);
    assert.equal(run.context?.session_id, 's1');
    assert.equal(run.context.mode, 'rlm');
    const location = reply.headers.location ?? '';
    assert.ok(location.endsWith(`/runs/${run.id}`), `Location is the run, got ${location}`);
    assert.deepEqual(await api.run(run.id), run);
  });

  check('an external run is running at once and lifecycle.started is its event 1', async ({ api }) => {
    const run = await api.createRun({ executor: 'external', task: 'the task' });
    assert.equal(run.status, 'running');
    assert.equal(run.key, null);
    assert.equal(run.sequence, 1);
    assert.equal(run.completed_at, null);
    const [first, ...others] = await api.history(run.id);
    assert.ok(first);
    assert.equal(typeOf(first), 'lifecycle.started');
    assert.equal(first.sequence, 1);
    assert.equal(first.data.task, 'the task');
    assert.equal(others.length, 0);
  });

  check("a run's links lead to it, to its events and to its stream", async ({ api }) => {
    const { id, links } = await api.createRun();
    assert.ok(links.self.endsWith(`/runs/${id}`), links.self);
    assert.ok(links.events.endsWith(`/runs/${id}/events`), links.events);
    assert.ok(links.stream.endsWith(`/runs/${id}/events/stream`), links.stream);
  });

  check('a run without a task, or with broken fields, is refused', async ({ api }) => {
    const bad = [{}, { task: null }, { task: 'x', labels: 'a:b' }, { task: 'x', labels: { a: { b: 1 } } }];
    for (const json of [...bad, { task: 'x', context: 's1' }, { task: 'x', executor: 5 }, []]) {
      expectError(await api.request('POST', '/runs', { json }), 400, 'VALIDATION_FAILED');
    }
  });

  check(
    'an executor that is not there is UNKNOWN_EXECUTOR, and the message lists what there is',
    async ({ api }) => {
      for (const executor of ['zz-nosuch', 'constructor', '__proto__']) {
        const reply = await api.request('POST', '/runs', { json: { executor, task: 'x' } });
        assert.match(expectError(reply, 400, 'UNKNOWN_EXECUTOR').message, /external/);
      }
    },
  );

  check('the run follows its log: sequence, statistics by type, result and times', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, [numbered(1), numbered(2), eventOf('gate.requested')]);
    const during = await api.run(run.id);
    assert.equal(during.sequence, 4);
    assert.equal(during.status, 'running');
    const [last] = (await api.page(run.id, { order: 'desc', limit: 1 })).events;
    assert.equal(during.last_event_at, new Date(Number(last?.id.split('-')[0])).toISOString());
    assert.deepEqual([during.holder, during.waiting_for], [null, null]);
    assert.equal(during.statistics.events['llm.stream'], 2);
    assert.equal(during.statistics.events['gate.requested'], 1);
    assert.equal(during.statistics.events['lifecycle.started'], 1);
    await api.append(run.id, terminal('completed', { result: { answer: 42 } }));
    const ended = await api.run(run.id);
    assert.equal(ended.status, 'completed');
    assert.equal(ended.sequence, 5);
    assert.deepEqual(ended.result, { answer: 42 });
    assert.ok(ended.completed_at, 'completed_at is set');
    assert.ok(ended.expires_at && ended.expires_at > ended.completed_at, 'expires_at is after the end');
  });

  check("a failed run carries the terminal event's error", async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, terminal('failed', { error: 'out of paper' }));
    const ended = await api.run(run.id);
    assert.equal(ended.status, 'failed');
    assert.match(JSON.stringify(ended.error), /out of paper/);
  });

  check('wait_seconds answers as soon as the run has ended', async ({ api }) => {
    const run = await api.createRun();
    const started = performance.now();
    const waiting = Promise.all([1, 2, 3].map(() => api.run(run.id, { wait_seconds: 25 })));
    // The wait is known to have begun only by its not being over: an answer of another request comes first.
    await api.run(run.id, { wait_seconds: 1 });
    await api.append(run.id, terminal());
    for (const { status } of await waiting) assert.equal(status, 'completed');
    assert.ok(performance.now() - started < 15_000, 'long before the time is up');
  });

  check('wait_seconds answers with the run as it is when the time is up', async ({ api }) => {
    const run = await api.createRun();
    const started = performance.now();
    assert.equal((await api.run(run.id, { wait_seconds: 1 })).status, 'running');
    const took = performance.now() - started;
    assert.ok(took > 900 && took < 8000, `took ${Math.round(took)} ms`);
  });

  check('wait_seconds on a run that has ended answers at once', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, terminal('failed'));
    const started = performance.now();
    assert.equal((await api.run(run.id, { wait_seconds: 60 })).status, 'failed');
    assert.ok(performance.now() - started < 8000);
  });

  check('wait_seconds over 60, below 0 or no number is refused', async ({ api }) => {
    const run = await api.createRun();
    for (const wait_seconds of [61, -1, 'soon']) {
      expectError(await api.get(`/runs/${run.id}`, { wait_seconds }), 400, 'VALIDATION_FAILED');
    }
  });

  check('cancel ends the run, says so in its log and gives the reason', async ({ api }) => {
    const run = await api.createRun();
    const reply = await api.request('POST', `/runs/${run.id}/cancel`, { json: { reason: 'not needed' } });
    const cancelled = expectStatus(reply, 200).json<Run>();
    assert.equal(cancelled.status, 'cancelled');
    assert.equal(cancelled.sequence, 2);
    const last = (await api.history(run.id)).at(-1);
    assert.ok(last);
    assert.equal(typeOf(last), 'lifecycle.cancelled');
    assert.equal(last.source ?? null, null);
    assert.equal(last.data.reason, 'not needed');
    expectError(await api.post(run.id, numbered(1)), 409, 'RUN_ENDED');
  });

  check('cancel needs no body', async ({ api }) => {
    const run = await api.createRun();
    expectStatus(await api.request('POST', `/runs/${run.id}/cancel`), 200);
    assert.equal((await api.run(run.id)).status, 'cancelled');
  });

  check("a run that has ended can't be cancelled", async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, terminal());
    expectError(await api.request('POST', `/runs/${run.id}/cancel`, { json: {} }), 409, 'RUN_ENDED');
    assert.equal((await api.run(run.id)).status, 'completed');
  });

  check('DELETE answers 204, and the run and its events are gone', async ({ api }) => {
    const run = await api.createRun();
    const other = await api.createRun();
    await api.append(run.id, numbered(1));
    const reply = expectStatus(await api.request('DELETE', `/runs/${run.id}`), 204);
    assert.equal(reply.body.length, 0);
    expectError(await api.get(`/runs/${run.id}`), 404, 'RUN_NOT_FOUND');
    expectError(await api.get(`/runs/${run.id}/events`), 404, 'RUN_NOT_FOUND');
    expectError(await api.streamReply(run.id), 404, 'RUN_NOT_FOUND');
    expectError(await api.post(run.id, numbered(2)), 404, 'RUN_NOT_FOUND');
    expectError(await api.request('DELETE', `/runs/${run.id}`), 404, 'RUN_NOT_FOUND');
    assert.equal((await api.run(other.id)).sequence, 1, 'another run is untouched');
  });

  check('a run that has ended can be deleted', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, terminal());
    expectStatus(await api.request('DELETE', `/runs/${run.id}`), 204);
    expectError(await api.get(`/runs/${run.id}`), 404, 'RUN_NOT_FOUND');
  });

  check("one run's events and end never show in another", async ({ api }) => {
    const runsAtOnce = await Promise.all([1, 2, 3, 4].map((n) => api.createRun({ task: `run ${n}` })));
    await Promise.all(
      runsAtOnce.flatMap((run, i) =>
        [1, 2, 3].map((n) => api.append(run.id, eventOf('llm.stream', { run: i, n }))),
      ),
    );
    const [first, ...others] = runsAtOnce;
    assert.ok(first);
    await api.append(first.id, terminal());
    for (const [i, run] of runsAtOnce.entries()) {
      const log = await api.history(run.id);
      for (const event of log) assert.equal(event.run_id, run.id);
      const own = log.filter((event) => typeOf(event) === 'llm.stream');
      assert.deepEqual(
        own.map(({ data }) => data.run),
        [i, i, i],
      );
    }
    for (const { id } of others) assert.equal((await api.run(id)).status, 'running');
  });

  check('past its retention a run is 410 RUN_EXPIRED and still known', async ({ api, limits, skip }) => {
    const ttl = limits.eventTtlSeconds;
    if (ttl === undefined || ttl > 10) skip('needs --event-ttl-seconds of at most 10');
    const run = await api.createRun();
    await api.append(run.id, terminal());
    let reply = await api.get(`/runs/${run.id}/events`);
    while (reply.status === 200) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      reply = await api.get(`/runs/${run.id}/events`);
    }
    expectError(reply, 410, 'RUN_EXPIRED');
    expectError(await api.streamReply(run.id), 410, 'RUN_EXPIRED');
    assert.equal((await api.run(run.id)).status, 'completed');
  });
});

import assert from 'node:assert/strict';
import {
  appendEventLines,
  appendEvents,
  cancelRun,
  createRun,
  deleteRun,
  type ErrorCode,
  type EventInputDto,
  getRun,
  listConsumers,
  listDeadLetters,
  listEvents,
  listJournalEvents,
  listRuns,
  redriveDeadLetters,
  type RunStatus,
  watchEvents,
} from './generated/orval.js';

const chunk: EventInputDto = { event: { category: 'llm', action: 'stream' }, data: { content: 'hello' } };

const created = await createRun({
  executor: 'external',
  task: 'a generated client',
  labels: { client: 'orval' },
});
assert.ok(created.status === 201, JSON.stringify(created.data));
const runId = created.data.id;

const one = await appendEvents(runId, chunk);
assert.ok(one.status === 201, JSON.stringify(one.data));
assert.equal(one.data.count, 1);
const several = await appendEvents(runId, [chunk, { ...chunk, source: null, metadata: { any: ['thing'] } }], {
  'Idempotency-Key': runId,
  'Expected-Sequence': '2',
});
assert.ok(several.status === 201, JSON.stringify(several.data));
assert.equal(several.data.ids.length, 2);
const lines = await appendEventLines(
  runId,
  new Blob([`${JSON.stringify(chunk)}\n${JSON.stringify(chunk)}\n`]),
);
assert.ok(lines.status === 200, JSON.stringify(lines.data));
assert.equal(lines.data.count, 2);

const page = await listEvents(runId, { type: 'llm.*', order: 'desc', limit: 3 });
assert.ok(page.status === 200, JSON.stringify(page.data));
assert.deepEqual(
  page.data.events.map(({ sequence, data }) => [sequence, data['content']]),
  [6, 5, 4].map((sequence) => [sequence, 'hello']),
);
assert.equal(page.data.next_id?.split('-')[1], '3');
const run = await getRun(runId, { wait_seconds: 0 });
assert.ok(run.status === 200);
assert.equal(run.data.status satisfies RunStatus, 'running');
const runs = await listRuns({ label: 'client:orval' });
assert.ok(runs.status === 200 && runs.data.runs.some(({ id }) => id === runId));
const unknown = await getRun('r0_00000000000000000000000000');
assert.ok(unknown.status === 404);
assert.equal(unknown.data.code satisfies ErrorCode, 'RUN_NOT_FOUND');

const cancelled = await cancelRun(runId, { reason: 'enough' });
assert.ok(cancelled.status === 200);
assert.equal(cancelled.data.status, 'cancelled');
// Its client reads a stream to its end, and does not take it apart.
const stream = await watchEvents(runId);
assert.match(String(stream.data), /^event: close$/m);

const groups = await listConsumers();
assert.ok(groups.status === 200 && groups.data.count === 0);
const letters = await listDeadLetters({ limit: 10 });
assert.ok(letters.status === 200);
assert.deepEqual(
  letters.data.dead_letters.map(({ event }) => event?.id),
  [],
);
const redriven = await redriveDeadLetters({ group: 'nobody' });
assert.ok(redriven.status === 404);
assert.equal(redriven.data.code, 'GROUP_NOT_FOUND');
const journal = await listJournalEvents({ run_id: runId });
assert.ok(journal.status === 200);
assert.equal(journal.data.events.at(-1)?.event.action, 'cancelled');
assert.equal((await deleteRun(runId)).status, 204);

import assert from 'node:assert/strict';
import { client } from './generated/hey-api/client.gen.js';
import {
  appendEventLines,
  appendEvents,
  cancelRun,
  createRun,
  deleteRun,
  getRun,
  listConsumers,
  listDeadLetters,
  listEvents,
  listJournalEvents,
  listRuns,
  redriveDeadLetters,
  watchEvents,
} from './generated/hey-api/sdk.gen.js';
import type { ErrorCode, EventInputDto, RunStatus } from './generated/hey-api/types.gen.js';

client.setConfig({ baseUrl: process.env['SERVICE_URL'] ?? '' });
const chunk: EventInputDto = { event: { category: 'llm', action: 'stream' }, data: { content: 'hello' } };

const created = await createRun({
  body: { executor: 'external', task: 'a generated client', labels: { client: 'hey-api' } },
});
assert.ok(created.data, JSON.stringify(created.error));
const path = { run_id: created.data.id };

const one = await appendEvents({ path, body: chunk });
assert.equal(one.data?.count, 1);
const several = await appendEvents({
  path,
  headers: { 'Idempotency-Key': path.run_id, 'Expected-Sequence': '2' },
  body: [chunk, { ...chunk, source: null, metadata: { any: ['thing'] } }],
});
assert.equal(several.data?.ids.length, 2);
const lines = await appendEventLines({
  path,
  body: new Blob([`${JSON.stringify(chunk)}\n${JSON.stringify(chunk)}\n`]),
});
assert.equal(lines.data?.count, 2);

const page = await listEvents({ path, query: { type: 'llm.*', order: 'desc', limit: 3 } });
assert.deepEqual(
  page.data?.events.map(({ sequence, data }) => [sequence, data['content']]),
  [6, 5, 4].map((sequence) => [sequence, 'hello']),
);
assert.equal(page.data?.next_id?.split('-')[1], '3');
const run = await getRun({ path, query: { wait_seconds: 0 } });
assert.equal(run.data?.status satisfies RunStatus | undefined, 'running');
const runs = await listRuns({ query: { label: 'client:hey-api' } });
assert.ok(runs.data?.runs.some(({ id }) => id === path.run_id));
const unknown = await getRun({ path: { run_id: 'r0_00000000000000000000000000' } });
assert.equal(unknown.error?.code satisfies ErrorCode | undefined, 'RUN_NOT_FOUND');

const cancelled = await cancelRun({ path, body: { reason: 'enough' } });
assert.equal(cancelled.data?.status, 'cancelled');
const { stream } = await watchEvents({ path });
const sequences: number[] = [];
let end: string | undefined;
for await (const frame of stream) {
  if (frame && 'sequence' in frame && typeof frame.sequence === 'number') sequences.push(frame.sequence);
  if (frame && 'reason' in frame && frame.reason === 'ended') {
    end = frame.status;
    break;
  }
}
assert.deepEqual([sequences.length, end], [7, 'cancelled']);

const groups = await listConsumers();
assert.equal(groups.data?.count, 0);
const letters = await listDeadLetters({ query: { limit: 10 } });
assert.deepEqual(
  letters.data?.dead_letters.map(({ event }) => event?.id),
  [],
);
const redriven = await redriveDeadLetters({ body: { group: 'nobody' } });
assert.equal(redriven.error?.code, 'GROUP_NOT_FOUND');
const journal = await listJournalEvents({ query: { run_id: path.run_id } });
assert.equal(journal.data?.events.at(-1)?.event.action, 'cancelled');
const deleted = await deleteRun({ path });
assert.equal(deleted.response?.status, 204);

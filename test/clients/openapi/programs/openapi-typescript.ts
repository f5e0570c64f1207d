import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { components, paths } from './generated/openapi-typescript.js';

type Frame = paths['/runs/{run_id}/events/stream']['get']['responses'][200]['content']['text/event-stream'];
type Event = components['schemas']['EventInputDto'];

const client = createClient<paths>({ baseUrl: process.env['SERVICE_URL'] ?? '' });
const chunk: Event = { event: { category: 'llm', action: 'stream' }, data: { content: 'hello' } };

const created = await client.POST('/runs', {
  body: { executor: 'external', task: 'a generated client', labels: { client: 'openapi-typescript' } },
});
assert.ok(created.data, JSON.stringify(created.error));
const path = { run_id: created.data.id };

const one = await client.POST('/runs/{run_id}/events', { params: { path }, body: chunk });
assert.equal(one.data?.count, 1);
const several = await client.POST('/runs/{run_id}/events', {
  params: { path, header: { 'Idempotency-Key': path.run_id, 'Expected-Sequence': '2' } },
  body: [chunk, { ...chunk, source: null, metadata: { any: ['thing'] } }],
});
assert.equal(several.data?.ids.length, 2);
const lines = await client.POST('/runs/{run_id}/events/ndjson', {
  params: { path },
  headers: { 'Content-Type': 'application/x-ndjson' },
  body: `${JSON.stringify(chunk)}\n${JSON.stringify(chunk)}\n`,
  bodySerializer: (text) => text,
});
assert.equal(lines.data?.count, 2);

const page = await client.GET('/runs/{run_id}/events', {
  params: { path, query: { type: 'llm.*', order: 'desc', limit: 3 } },
});
assert.deepEqual(
  page.data?.events.map(({ sequence, data }) => [sequence, data['content']]),
  [6, 5, 4].map((sequence) => [sequence, 'hello']),
);
assert.equal(page.data?.next_id?.split('-')[1], '3');
const run = await client.GET('/runs/{run_id}', { params: { path, query: { wait_seconds: 0 } } });
assert.equal(run.data?.status satisfies components['schemas']['RunStatus'] | undefined, 'running');
const runs = await client.GET('/runs', { params: { query: { label: 'client:openapi-typescript' } } });
assert.ok(runs.data?.runs.some(({ id }) => id === path.run_id));
const unknown = await client.GET('/runs/{run_id}', {
  params: { path: { run_id: 'r0_00000000000000000000000000' } },
});
assert.equal(unknown.error?.code satisfies components['schemas']['ErrorCode'] | undefined, 'RUN_NOT_FOUND');

const cancelled = await client.POST('/runs/{run_id}/cancel', {
  params: { path },
  body: { reason: 'enough' },
});
assert.equal(cancelled.data?.status, 'cancelled');
const stream = await client.GET('/runs/{run_id}/events/stream', { params: { path }, parseAs: 'text' });
const frames = [...String(stream.data).matchAll(/^data: (.*)$/gm)].map(
  ([, text = '']) => JSON.parse(text) as Frame,
);
const last = frames.at(-1);
assert.ok(last && 'reason' in last && last.reason === 'ended');
assert.equal(last.status, 'cancelled');
assert.equal(frames.filter((frame) => 'sequence' in frame).length, 7);

const groups = await client.GET('/consumers');
assert.equal(groups.data?.count, 0);
const letters = await client.GET('/dead-letters', { params: { query: { limit: 10 } } });
assert.deepEqual(
  letters.data?.dead_letters.map(({ event }) => event?.id),
  [],
);
const redriven = await client.POST('/dead-letters/redrive', { body: { group: 'nobody' } });
assert.equal(redriven.error?.code, 'GROUP_NOT_FOUND');
const journal = await client.GET('/events', { params: { query: { run_id: path.run_id } } });
assert.equal(journal.data?.events.at(-1)?.event.action, 'cancelled');
const deleted = await client.DELETE('/runs/{run_id}', { params: { path } });
assert.equal(deleted.response.status, 204);

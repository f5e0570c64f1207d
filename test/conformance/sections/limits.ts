import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Client, expectError, expectStatus } from '../client.js';
import {
  eventOf,
  numbered,
  partitionOf,
  type ErrorBody,
  type HistoryPage,
  type JsonObject,
  type Run,
} from '../model.js';
import { defineSection } from '../runner.js';

const MIB = 1024 * 1024;
const HEART = '❤️'; // two code points: the heart, and a variation selector
const HALF = 'a\ud800b';

/** What is decimal for JavaScript's Number() and for nobody else. */
const NOT_DECIMAL = [
  '',
  ' ',
  ' 5',
  '5 ',
  '+5',
  '-0',
  '1e1',
  '0x10',
  '0b1',
  '5.0',
  '5.',
  '.5',
  '٥',
  'NaN',
  '5,6',
];

function unknownMembers(count: number): JsonObject {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`unknown_${i}`, i]));
}

function assertTwenty({ details, more }: ErrorBody, of: number): void {
  assert.ok(Array.isArray(details), 'details is a list');
  assert.equal(details.length, 20);
  assert.equal(more, of - 20);
}

/** The path with its query exactly as written. */
async function raw(api: Client, pathAndQuery: string) {
  return api.request('GET', pathAndQuery);
}

export const limits = defineSection('1 Conventions: limits', (check) => {
  check(
    'an error lists at most 20 violations, and says in `more` how many others there are',
    async ({ api }) => {
      const run = await api.createRun();
      const created = await api.request('POST', '/runs', { json: { task: 'x', ...unknownMembers(1000) } });
      assertTwenty(expectError(created, 400, 'VALIDATION_FAILED'), 1000);
      const cancelled = await api.request('POST', `/runs/${run.id}/cancel`, { json: unknownMembers(21) });
      assertTwenty(expectError(cancelled, 400, 'VALIDATION_FAILED'), 21);
      const appended = await api.post(run.id, [{ ...numbered(1), ...unknownMembers(500) }]);
      assertTwenty(expectError(appended, 400, 'VALIDATION_FAILED'), 500);
      const query = Object.keys(unknownMembers(100)).join('=1&');
      assertTwenty(expectError(await raw(api, `/runs?${query}`), 400, 'VALIDATION_FAILED'), 100);
      const few = await api.request('POST', '/runs', { json: { task: 'x', ...unknownMembers(20) } });
      assert.ok(!('more' in expectError(few, 400, 'VALIDATION_FAILED')), 'nothing more, no `more`');
      assert.equal((await api.run(run.id)).sequence, 1);
    },
  );

  check('NDJSON says `more` beside details as well', async ({ api }) => {
    const run = await api.createRun();
    const line = JSON.stringify({ ...numbered(1), ...unknownMembers(70) });
    const { details, more } = expectError(await api.postLines(run.id, `${line}\n`), 400, 'VALIDATION_FAILED');
    const { cause, count } = details as { cause: unknown[]; count: number };
    assert.deepEqual([cause.length, more, count], [20, 50, 0]);
  });

  check('an error stays small, however long the names in it are', async ({ api }) => {
    const run = await api.createRun();
    const long = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`${i}${'👍'.repeat(10_000)}`, i]));
    const replies = [
      await api.request('POST', '/runs', { json: { task: 'x', ...long } }),
      await api.post(run.id, { ...numbered(1), ...long }),
      await api.post(run.id, numbered(1, { source: { agent_id: 'a', ...long } })),
      await api.post(run.id, eventOf(`${'x'.repeat(100_000)}.y`)),
      await api.request('POST', '/runs', { json: { task: 'x', executor: 'x'.repeat(100_000) } }),
    ];
    for (const reply of replies) {
      expectError(reply, 400, 'VALIDATION_FAILED', 'UNKNOWN_EXECUTOR', 'UNKNOWN_EVENT_TYPE');
      assert.ok(Buffer.byteLength(reply.text) < 32_768, `${reply.request}: ${reply.text.length} characters`);
      assert.ok(!reply.text.includes('\\ud'), 'no character is cut in two');
    }
  });

  check('a body that is no JSON object is refused in one sentence', async ({ api }) => {
    const run = await api.createRun();
    for (const path of ['/runs', `/runs/${run.id}/cancel`]) {
      for (const body of [`[${'0,'.repeat(5000)}0]`, '[]', '"text"', '7', 'true']) {
        const { details } = expectError(await api.request('POST', path, { body }), 400, 'VALIDATION_FAILED');
        assert.equal((details as unknown[]).length, 1);
      }
    }
    assert.equal((await api.run(run.id)).status, 'running');
  });

  check('numbers in queries are decimal digits and nothing else, and given once', async ({ api }) => {
    const run = await api.createRun();
    const places = [
      ['/runs', 'limit'],
      [`/runs/${run.id}`, 'wait_seconds'],
      [`/runs/${run.id}/events`, 'limit'],
      ['/events', 'limit'],
    ] as const;
    for (const [path, name] of places) {
      for (const text of [...NOT_DECIMAL, '99999999999999999999']) {
        const reply = await raw(api, `${path}?${name}=${encodeURIComponent(text)}`);
        const error = expectError(reply, 400, 'VALIDATION_FAILED');
        assert.equal((error.details as { path: string }[])[0]?.path, name, JSON.stringify(text));
      }
      for (const query of [`${name}=1&${name}=1`, `${name}=1&${name}=`, `${name}[]=1`, name]) {
        expectError(await raw(api, `${path}?${query}`), 400, 'VALIDATION_FAILED');
      }
      expectStatus(await raw(api, `${path}?${name}=1`), 200);
    }
  });

  check('numbers in headers are decimal digits and nothing else', async ({ api }) => {
    const run = await api.createRun();
    for (const text of ['', '+1', '1e0', '0x1', '1.0', '1,1', '-1']) {
      const reply = await api.post(run.id, numbered(1), { 'expected-sequence': text });
      expectError(reply, 400, 'VALIDATION_FAILED');
    }
    expectStatus(await api.post(run.id, numbered(1), { 'expected-sequence': '1' }), 201);
  });

  check('`end_id=+` is the end, though a `+` in a query is a space', async ({ api }) => {
    const run = await api.createRun();
    for (const path of [`/runs/${run.id}/events`, '/events']) {
      for (const end of ['+', '%2B', '%20']) expectStatus(await raw(api, `${path}?end_id=${end}`), 200);
      expectError(await raw(api, `${path}?end_id=++`), 400, 'INVALID_EVENT_ID');
    }
  });

  check('lengths count code points', async ({ api }) => {
    const task = HEART.repeat(5000);
    const label = HEART.repeat(127);
    const run = await api.createRun({ task, labels: { text: `${label}x` } });
    assert.equal((await api.run(run.id)).task, task);
    const thumbs = '👍'.repeat(255);
    const source = { agent_id: thumbs, team_name: label };
    const context = { session_id: thumbs, artifact_paths: ['👍'.repeat(1024)] };
    const event = await api.stored(run.id, await api.append(run.id, numbered(1, { source, context })));
    assert.equal(event.source?.agent_id, thumbs);

    const runs = [
      { task: `${task}x` },
      { task: 'x', labels: { text: `${label}xx` } },
      { task: 'x', labels: { text: `${thumbs}x` } },
      { task: 'x', context: { session_id: `${thumbs}x` } },
      { task: 'x', executor: '👍'.repeat(65) },
    ];
    for (const json of runs) {
      expectError(await api.request('POST', '/runs', { json }), 400, 'VALIDATION_FAILED');
    }
    const events = [
      numbered(1, { source: { agent_id: `${thumbs}x` } }),
      numbered(1, { source: { agent_id: 'a', team_name: `${label}xx` } }),
      numbered(1, { context: { session_id: `${thumbs}x` } }),
      numbered(1, { context: { artifact_paths: ['👍'.repeat(1025)] } }),
    ];
    for (const bad of events) expectError(await api.post(run.id, bad), 400, 'VALIDATION_FAILED');
    const reason = '👍'.repeat(1001);
    const cancel = (json: unknown) => api.request('POST', `/runs/${run.id}/cancel`, { json });
    expectError(await cancel({ reason }), 400, 'VALIDATION_FAILED');
    expectStatus(await cancel({ reason: '👍'.repeat(1000) }), 200);
  });

  check(
    'half a surrogate pair is no text, and stays as it is in what belongs to the caller',
    async ({ api }) => {
      const run = await api.createRun({ input: { text: HALF } });
      assert.deepEqual((await api.run(run.id)).input, { text: HALF });
      const runs = [
        { task: HALF },
        { task: 'x', executor: HALF },
        { task: 'x', labels: { [HALF]: 'x' } },
        { task: 'x', labels: { x: HALF } },
        { task: 'x', context: { session_id: HALF } },
        { task: 'x', context: { artifact_paths: [HALF] } },
      ];
      for (const json of runs) {
        expectError(await api.request('POST', '/runs', { json }), 400, 'VALIDATION_FAILED');
      }
      const events = [
        numbered(1, { source: { agent_id: HALF } }),
        numbered(1, { source: { agent_id: 'a', agent_name: HALF } }),
        numbered(1, { context: { git_sha: HALF } }),
        numbered(1, { idempotency_key: HALF }),
      ];
      for (const bad of events) expectError(await api.post(run.id, bad), 400, 'VALIDATION_FAILED');
      const cancel = await api.request('POST', `/runs/${run.id}/cancel`, { json: { reason: HALF } });
      expectError(cancel, 400, 'VALIDATION_FAILED');

      const error = { [HALF]: HALF };
      const watcher = await api.watch(run.id);
      await api.append(run.id, eventOf('lifecycle.failed', { error }));
      const [, live] = await watcher.untilEvents(2);
      const ofAll = expectStatus(await api.get('/events', { run_id: run.id }), 200).json<HistoryPage>();
      for (const event of [live, (await api.history(run.id)).at(-1), ofAll.events.at(-1)]) {
        assert.deepEqual(event?.data, { error });
      }
      const listed = expectStatus(await api.get('/runs', { status: 'failed' }), 200).json<{ runs: Run[] }>();
      for (const shown of [await api.run(run.id), listed.runs.find(({ id }) => id === run.id)]) {
        assert.deepEqual([shown?.input, shown?.error], [{ text: HALF }, error]);
      }
    },
  );

  check('input of a run has at most 1 MiB of JSON in UTF-8', async ({ api }) => {
    const create = (text: string) => api.request('POST', '/runs', { json: { task: 'x', input: { text } } });
    const around = Buffer.byteLength('{"text":""}');
    const most = `${'é'.repeat((MIB - around - 1) / 2)}x`;
    const run = expectStatus(await create(most), 201).json<Run>();
    assert.ok((await api.run(run.id)).input, 'it is there');
    expectError(await create(`${most}x`), 413, 'EVENT_TOO_LARGE');
    expectError(await create('\u0001'.repeat(MIB / 6)), 413, 'EVENT_TOO_LARGE');
  });

  check('a half of a type has at most 64 characters', async ({ api }) => {
    const run = await api.createRun();
    const long = 'x'.repeat(65);
    expectError(await api.post(run.id, eventOf(`build.${long}`)), 400, 'UNKNOWN_EVENT_TYPE');
    expectError(await api.get(`/runs/${run.id}/events`, { type: `llm.${long}` }), 400, 'VALIDATION_FAILED');
  });

  check('an Idempotency-Key is free again once its run is deleted', async ({ api }) => {
    const headers = { 'idempotency-key': randomUUID() };
    const post = (task: string) => api.request('POST', '/runs', { json: { task }, headers });
    const first = expectStatus(await post('secret'), 201).json<Run>();
    expectStatus(await api.request('DELETE', `/runs/${first.id}`), 204);
    const second = expectStatus(await post('secret'), 201);
    assert.equal(second.headers['idempotency-replayed'], undefined);
    const { id } = second.json<Run>();
    assert.notEqual(id, first.id);
    expectStatus(await api.get(`/runs/${id}`), 200);
    assert.equal(expectStatus(await post('secret'), 201).json<Run>().id, id);
    expectStatus(await api.request('DELETE', `/runs/${id}`), 204);
    expectStatus(await post('something else'), 201);
  });

  check('so is the Idempotency-Key of an append', async ({ api }) => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await api.createRun();
    let second = await api.createRun();
    // A key is known to the partition of its run.
    while (partitionOf(second) !== partitionOf(first)) second = await api.createRun();
    await api.append(first.id, numbered(1), headers);
    expectError(await api.post(second.id, numbered(1), headers), 409, 'IDEMPOTENCY_CONFLICT');
    expectStatus(await api.request('DELETE', `/runs/${first.id}`), 204);
    expectError(await api.post(first.id, numbered(1), headers), 404, 'RUN_NOT_FOUND');
    expectStatus(await api.post(second.id, numbered(1), headers), 201);
  });
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { expectError, expectStatus } from '../client.js';
import { numbered, terminal, type AppendReply, type Run } from '../model.js';
import { defineSection } from '../runner.js';
import { assertSequences } from '../watcher.js';

const replayed = 'idempotency-replayed';

export const idempotency = defineSection('3 Runs: Idempotency-Key', (check) => {
  check('POST /runs again with the same key gives the first answer and starts nothing', async ({ api }) => {
    const headers = { 'idempotency-key': randomUUID() };
    const post = () => api.request('POST', '/runs', { json: { task: 'once' }, headers });
    const first = expectStatus(await post(), 201);
    assert.equal(first.headers[replayed], undefined);
    const { id } = first.json<Run>();
    await api.append(id, terminal());
    const again = expectStatus(await post(), 201);
    assert.equal(again.headers[replayed], 'true');
    assert.deepEqual(again.json<Run>(), first.json<Run>());
    assert.equal(again.headers.location, first.headers.location);
  });

  check(
    'key and Idempotency-Key are apart: the header decides whether a second run starts',
    async ({ api }) => {
      const key = randomUUID();
      const post = (idempotencyKey: string, json: unknown) =>
        api.request('POST', '/runs', { json, headers: { 'idempotency-key': idempotencyKey } });
      const json = { task: 'x', key };
      const first = expectStatus(await post(key, json), 201).json<Run>();
      assert.equal(expectStatus(await post(key, json), 201).json<Run>().id, first.id);
      expectError(await post(key, { task: 'x' }), 409, 'IDEMPOTENCY_CONFLICT');
      const second = expectStatus(await post(`${key} again`, json), 201).json<Run>();
      assert.notEqual(second.id, first.id);
      const { runs } = expectStatus(await api.get('/runs', { key }), 200).json<{ runs: Run[] }>();
      assert.deepEqual(
        runs.map(({ id }) => id),
        [second.id, first.id],
      );
    },
  );

  check('the same key with another body is IDEMPOTENCY_CONFLICT', async ({ api }) => {
    const headers = { 'idempotency-key': randomUUID() };
    expectStatus(await api.request('POST', '/runs', { json: { task: 'one' }, headers }), 201);
    expectError(
      await api.request('POST', '/runs', { json: { task: 'two' }, headers }),
      409,
      'IDEMPOTENCY_CONFLICT',
    );
  });

  check('different keys, and no key, start different runs', async ({ api }) => {
    const ids = new Set<string>();
    for (const headers of [
      { 'idempotency-key': randomUUID() },
      { 'idempotency-key': randomUUID() },
      undefined,
      undefined,
    ]) {
      const reply = await api.request('POST', '/runs', {
        json: { task: 'x' },
        ...(headers ? { headers } : {}),
      });
      ids.add(expectStatus(reply, 201).json<Run>().id);
    }
    assert.equal(ids.size, 4);
  });

  check('the same POST /runs many times at once starts one run', async ({ api }) => {
    const headers = { 'idempotency-key': `at once ${randomUUID()}` };
    const replies = await Promise.all(
      Array.from({ length: 10 }, () => api.request('POST', '/runs', { json: { task: 'once' }, headers })),
    );
    const ids = new Set(replies.map((reply) => expectStatus(reply, 201).json<Run>().id));
    assert.equal(ids.size, 1);
    assert.equal(
      replies.filter((reply) => reply.headers[replayed] === undefined).length,
      1,
      'one is the first',
    );
    assertSequences(await api.history([...ids][0] ?? ''), 1, 1);
  });

  check('an append again with the same key gives the first answer and stores nothing', async ({ api }) => {
    const run = await api.createRun();
    const headers = { 'idempotency-key': randomUUID() };
    const batch = [numbered(1), numbered(2)];
    const first = expectStatus(await api.post(run.id, batch, headers), 201);
    await api.append(run.id, numbered(3));
    const again = expectStatus(await api.post(run.id, batch, headers), 201);
    assert.equal(first.headers[replayed], undefined);
    assert.equal(again.headers[replayed], 'true');
    assert.deepEqual(again.json<AppendReply>(), first.json<AppendReply>());
    assertSequences(await api.history(run.id), 1, 4);
  });

  check('the same key with other events is IDEMPOTENCY_CONFLICT and stores nothing', async ({ api }) => {
    const run = await api.createRun();
    const headers = { 'idempotency-key': randomUUID() };
    await api.append(run.id, numbered(1), headers);
    expectError(await api.post(run.id, numbered(2), headers), 409, 'IDEMPOTENCY_CONFLICT');
    assertSequences(await api.history(run.id), 1, 2);
  });

  check('the same append many times at once is stored once', async ({ api }) => {
    const run = await api.createRun();
    const headers = { 'idempotency-key': randomUUID() };
    const replies = await Promise.all(
      Array.from({ length: 10 }, () => api.post(run.id, numbered(1), headers)),
    );
    const ids = new Set(replies.map((reply) => expectStatus(reply, 201).json<AppendReply>().last_id));
    assert.equal(ids.size, 1);
    assertSequences(await api.history(run.id), 1, 2);
  });

  check(
    'the retry of a terminal append whose answer was lost gets that answer, not RUN_ENDED',
    async ({ api }) => {
      const run = await api.createRun();
      const headers = { 'idempotency-key': randomUUID(), 'expected-sequence': '1' };
      const batch = [numbered(1), terminal()];
      const first = await api.append(run.id, batch, headers);
      const again = expectStatus(await api.post(run.id, batch, headers), 201);
      assert.deepEqual(again.json<AppendReply>(), first);
      assert.equal(again.headers[replayed], 'true');
    },
  );

  check('a key has 1 to 255 printable characters', async ({ api }) => {
    const post = (key: string) =>
      api.request('POST', '/runs', { json: { task: 'x' }, headers: { 'idempotency-key': key } });
    const longest = randomUUID().padEnd(255, '~');
    expectStatus(await post(longest), 201);
    assert.equal((await post(longest)).headers[replayed], 'true');
    for (const key of ['', 'k'.repeat(256), 'tab\tinside']) {
      expectError(await post(key), 400, 'VALIDATION_FAILED');
    }
  });
});

import assert from 'node:assert/strict';
import { expectError } from '../client.js';
import { numbered, numberedRange, terminal } from '../model.js';
import { defineSection } from '../runner.js';
import { assertSequences } from '../watcher.js';

export const appendExpected = defineSection('3.1 Append: Expected-Sequence', (check) => {
  const expected = (sequence: number | string): Record<string, string> => ({
    'expected-sequence': String(sequence),
  });

  check('it appends when the sequence is the expected one', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, numberedRange(1, 3), expected(1));
    await api.append(run.id, numbered(4), expected(4));
    assertSequences(await api.history(run.id), 1, 5);
  });

  check('it refuses with SEQUENCE_CONFLICT and the present sequence otherwise', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, numberedRange(1, 3));
    for (const sequence of [0, 1, 3, 5, 1000]) {
      const { details } = expectError(
        await api.post(run.id, numbered(9), expected(sequence)),
        409,
        'SEQUENCE_CONFLICT',
      );
      assert.equal(
        (details as { sequence?: unknown } | undefined)?.sequence,
        4,
        `details: ${JSON.stringify(details)}`,
      );
    }
    assert.equal((await api.run(run.id)).sequence, 4);
  });

  check('of producers that expect the same sequence exactly one appends', async ({ api }) => {
    const run = await api.createRun();
    const replies = await Promise.all(
      Array.from({ length: 12 }, (_, n) => api.post(run.id, numberedRange(n, n + 1), expected(1))),
    );
    assert.equal(replies.filter(({ status }) => status === 201).length, 1);
    for (const reply of replies) if (reply.status !== 201) expectError(reply, 409, 'SEQUENCE_CONFLICT');
    assert.equal((await api.run(run.id)).sequence, 3);
  });

  check('a retry that is a duplicate answers as a duplicate, not as a conflict', async ({ api }) => {
    const run = await api.createRun();
    const event = numbered(1, { idempotency_key: 'k' });
    const first = await api.append(run.id, event, expected(1));
    const again = await api.append(run.id, event, expected(1));
    assert.deepEqual(again.ids, first.ids);
    assert.equal(again.duplicates, 1);
    const last = terminal('completed', {}, { idempotency_key: 't' });
    const ended = await api.append(run.id, last, expected(2));
    assert.deepEqual((await api.append(run.id, last, expected(2))).ids, ended.ids);
  });

  check('a value that is no sequence is refused', async ({ api }) => {
    const run = await api.createRun();
    for (const value of ['one', '-1', '1.5', '1-1', '0x1', '1e0']) {
      expectError(await api.post(run.id, numbered(1), expected(value)), 400, 'VALIDATION_FAILED');
    }
    assert.equal((await api.run(run.id)).sequence, 1);
  });
});

import assert from 'node:assert/strict';
import { expectError } from '../client.js';
import { idParts, numbered, terminal, type EventInput } from '../model.js';
import { defineSection } from '../runner.js';
import { assertSequences } from '../watcher.js';
import { allRefused } from './all-refused.js';

export const appendDuplicates = defineSection('3.1 Append: idempotency_key', (check) => {
  check("a producer's key is kept on its event", async ({ api }) => {
    const run = await api.createRun();
    const answer = await api.append(run.id, numbered(1, { idempotency_key: 'step:1/ä' }));
    assert.equal((await api.stored(run.id, answer)).idempotency_key, 'step:1/ä');
  });

  check(
    'an event whose key the run has is not stored again and answers with its first id',
    async ({ api }) => {
      const run = await api.createRun();
      const first = await api.append(run.id, numbered(1, { idempotency_key: 'k1' }));
      await api.append(run.id, numbered(2));
      const again = await api.append(run.id, numbered(1, { idempotency_key: 'k1' }));
      assert.equal(again.duplicates, 1);
      assert.deepEqual(again.ids, first.ids);
      assert.equal(again.first_id, first.first_id);
      assert.equal(again.last_id, first.first_id);
      assertSequences(await api.history(run.id), 1, 3);
    },
  );

  check('what was stored first stays, also when the retry says something else', async ({ api }) => {
    const run = await api.createRun();
    const first = await api.append(run.id, numbered(1, { idempotency_key: 'k1' }));
    await api.append(run.id, numbered(2, { idempotency_key: 'k1' }));
    assert.deepEqual((await api.stored(run.id, first)).data, { n: 1 });
  });

  check(
    'a batch of old and new stores the new, and its ids stand in the order of the batch',
    async ({ api }) => {
      const run = await api.createRun();
      const key = (n: number): EventInput => numbered(n, { idempotency_key: `k${n}` });
      const first = await api.append(run.id, [key(1), key(2), key(3)]);
      const mixed = await api.append(run.id, [key(2), key(4), key(3), key(5)]);
      assert.equal(mixed.duplicates, 2);
      assert.equal(mixed.ids[0], first.ids[1]);
      assert.equal(mixed.ids[2], first.ids[2]);
      assert.deepEqual(
        [mixed.ids[1], mixed.ids[3]].map((id) => idParts(id ?? '').sequence),
        [5, 6],
      );
      const [, ...log] = await api.history(run.id);
      assert.deepEqual(
        log.map(({ data }) => data.n),
        [1, 2, 3, 4, 5],
      );
    },
  );

  check('the same key twice in one batch is stored once', async ({ api }) => {
    const run = await api.createRun();
    const twice = numbered(1, { idempotency_key: 'k' });
    const answer = await api.append(run.id, [twice, numbered(2), twice]);
    assert.equal(answer.duplicates, 1);
    assert.equal(answer.ids[2], answer.ids[0]);
    assertSequences(await api.history(run.id), 1, 3);
  });

  check('the same key many times at once is stored once', async ({ api }) => {
    const run = await api.createRun();
    const event = numbered(1, { idempotency_key: 'k' });
    const answers = await Promise.all(Array.from({ length: 12 }, () => api.append(run.id, event)));
    assert.equal(new Set(answers.map(({ last_id }) => last_id)).size, 1);
    assert.equal(
      answers.reduce((sum, { duplicates }) => sum + duplicates, 0),
      11,
    );
    assertSequences(await api.history(run.id), 1, 2);
  });

  check('the same key in two runs is two events', async ({ api }) => {
    for (const run of [await api.createRun(), await api.createRun()]) {
      const answer = await api.append(run.id, numbered(1, { idempotency_key: 'shared' }));
      assert.equal(answer.duplicates, 0);
      assert.equal((await api.run(run.id)).sequence, 2);
    }
  });

  check('keys like constructor, __proto__ or an event id are keys like others', async ({ api }) => {
    const run = await api.createRun();
    for (const idempotency_key of ['constructor', '__proto__', '0', '1-1', `${Date.now()}-2`]) {
      assert.equal(
        (await api.append(run.id, numbered(1, { idempotency_key }))).duplicates,
        0,
        idempotency_key,
      );
      assert.equal(
        (await api.append(run.id, numbered(1, { idempotency_key }))).duplicates,
        1,
        idempotency_key,
      );
    }
    assertSequences(await api.history(run.id), 1, 6);
  });

  check(
    'the retry of an event, or of the terminal event, is a duplicate also after the end',
    async ({ api }) => {
      const run = await api.createRun();
      const event = numbered(1, { idempotency_key: 'e' });
      const last = terminal('completed', {}, { idempotency_key: 't' });
      const first = await api.append(run.id, [event, last]);
      assert.deepEqual((await api.append(run.id, [event, last])).ids, first.ids);
      assert.deepEqual((await api.append(run.id, event)).ids, [first.ids[0]]);
      const retried = await api.append(run.id, last);
      assert.deepEqual(retried.ids, [first.ids[1]]);
      assert.equal(retried.duplicates, 1);
      assert.equal((await api.run(run.id)).sequence, 3);
    },
  );

  check(
    'a new event beside a duplicate after the end is RUN_ENDED, and nothing is stored',
    async ({ api }) => {
      const run = await api.createRun();
      const last = terminal('completed', {}, { idempotency_key: 't' });
      const event = numbered(1, { idempotency_key: 'e' });
      await api.append(run.id, [event, last]);
      expectError(await api.post(run.id, [event, numbered(2)]), 409, 'RUN_ENDED');
      assert.equal((await api.run(run.id)).sequence, 3);
    },
  );

  check('a key that is no text is refused', async (t) => {
    for (const idempotency_key of [5, {}, ['k'], true]) {
      await allRefused(t, numbered(1, { idempotency_key }), 400, 'VALIDATION_FAILED');
    }
  });
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { expectError, expectStatus, type Client, type Query } from '../client.js';
import { terminal, type Run, type RunList } from '../model.js';
import { defineSection } from '../runner.js';

/** More pages than any list of a few runs needs, even on a server that holds many others. */
const MOST_PAGES = 500;

async function listPage(api: Client, query: Query): Promise<RunList> {
  return expectStatus(await api.get('/runs', query), 200).json<RunList>();
}

/** Every run of a list, page by page. */
async function listAll(api: Client, query: Record<string, string | number>): Promise<Run[]> {
  const found: Run[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const page: RunList = await listPage(api, cursor === null ? query : { ...query, cursor });
    assert.equal(page.count, page.runs.length, 'count is the number of runs on the page');
    assert.equal(page.has_more, page.next_cursor !== null, 'next_cursor is there exactly when there is more');
    if (typeof query.limit === 'number')
      assert.ok(page.runs.length <= query.limit, 'no page is over the limit');
    found.push(...page.runs);
    if (page.next_cursor === null) return found;
    cursor = page.next_cursor;
  }
  assert.fail(`the list did not end after ${MOST_PAGES} pages`);
}

async function labelled(api: Client, count: number): Promise<{ label: string; ids: string[] }> {
  const value = randomUUID();
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.push((await api.createRun({ labels: { suite: value } })).id);
  return { label: `suite:${value}`, ids };
}

const idsOf = (runs: Run[]): string[] => runs.map(({ id }) => id);

export const runList = defineSection('3 Runs: the list', (check) => {
  check('a new run is in the list, newest first', async ({ api }) => {
    const { ids } = await labelled(api, 3);
    const page = await listPage(api, {});
    // Of these alone: others may be created at the same time as each other.
    const shown = page.runs.filter(({ id }) => ids.includes(id));
    assert.deepEqual(idsOf(shown), ids.toReversed());
    const times = shown.map(({ created_at }) => created_at);
    assert.deepEqual(times, times.toSorted().reverse(), 'created_at only goes back');
  });

  check('a listed run is the run itself', async ({ api }) => {
    const { label, ids } = await labelled(api, 1);
    const [listed] = await listAll(api, { label });
    assert.deepEqual(listed, await api.run(ids[0] ?? ''));
  });

  check('pages by cursor neither overlap nor skip', async ({ api }) => {
    const { label, ids } = await labelled(api, 7);
    for (const limit of [1, 2, 3, 7, 50]) {
      assert.deepEqual(idsOf(await listAll(api, { label, limit })), ids.toReversed(), `limit ${limit}`);
    }
  });

  check('runs that start while the list is paged do not disturb it', async ({ api }) => {
    const { label, ids } = await labelled(api, 4);
    const first = await listPage(api, { limit: 2 });
    await labelled(api, 2);
    assert.ok(first.next_cursor, 'there is more');
    const second = await listPage(api, { limit: 2, cursor: first.next_cursor });
    const seen = idsOf([...first.runs, ...second.runs]);
    assert.equal(new Set(seen).size, seen.length, 'no run twice');
    assert.deepEqual(idsOf(await listAll(api, { label })), ids.toReversed());
  });

  check('status, executor and label filter, also together', async ({ api }) => {
    const { label, ids } = await labelled(api, 3);
    const [oldest, , newest] = ids;
    await api.append(newest ?? '', terminal());
    await api.append(oldest ?? '', terminal('failed'));
    assert.deepEqual(idsOf(await listAll(api, { label, status: 'completed' })), [newest]);
    assert.deepEqual(idsOf(await listAll(api, { label, status: 'failed' })), [oldest]);
    assert.deepEqual(idsOf(await listAll(api, { label, status: 'running', executor: 'external' })), [ids[1]]);
    assert.deepEqual(idsOf(await listAll(api, { label, status: 'pending' })), []);
    for (const { status } of (await listPage(api, { status: 'completed' })).runs)
      assert.equal(status, 'completed');
  });

  check('a label nobody has gives an empty list', async ({ api }) => {
    assert.deepEqual(await listAll(api, { label: `suite:${randomUUID()}` }), []);
  });

  check('a deleted run is not in the list', async ({ api }) => {
    const { label, ids } = await labelled(api, 3);
    expectStatus(await api.request('DELETE', `/runs/${ids[1]}`), 204);
    assert.deepEqual(idsOf(await listAll(api, { label, limit: 1 })), [ids[2], ids[0]]);
  });

  check(
    'runs of one key are a line: listed newest first, page by page, and no others with them',
    async ({ api }) => {
      const key = `chat ${randomUUID()}`;
      const ids: string[] = [];
      for (let n = 0; n < 5; n++) ids.push((await api.createRun({ key })).id);
      for (const other of [`${key} `, `${key}0`, key.slice(0, -1), key.toUpperCase()])
        await api.createRun({ key: other });
      await api.createRun();
      for (const limit of [1, 2, 5, 50]) {
        const runs = await listAll(api, { key, limit });
        assert.deepEqual(idsOf(runs), ids.toReversed(), `limit ${limit}`);
        assert.ok(runs.every((run) => run.key === key));
      }
      assert.deepEqual(await listAll(api, { key: randomUUID() }), []);
    },
  );

  check('key filters together with status, executor and label', async ({ api }) => {
    const key = randomUUID();
    const [ended, labelled] = [
      await api.createRun({ key }),
      await api.createRun({ key, labels: { a: 'b' } }),
    ];
    await api.append((await api.createRun({ key: `${key}.` })).id, terminal());
    await api.append(ended.id, terminal());
    assert.deepEqual(idsOf(await listAll(api, { key, status: 'completed' })), [ended.id]);
    assert.deepEqual(idsOf(await listAll(api, { key, label: 'a:b', limit: 1 })), [labelled.id]);
    assert.deepEqual(idsOf(await listAll(api, { key, executor: 'external' })), [labelled.id, ended.id]);
    assert.deepEqual(await listAll(api, { key, status: 'pending' }), []);
  });

  check('a deleted run leaves the line of its key', async ({ api }) => {
    const key = randomUUID();
    const [first, second] = [await api.createRun({ key }), await api.createRun({ key })];
    expectStatus(await api.request('DELETE', `/runs/${second.id}`), 204);
    assert.deepEqual(idsOf(await listAll(api, { key, limit: 1 })), [first.id]);
  });

  check('a key is 1 to 255 printable characters', async ({ api }) => {
    for (const key of ['ü'.repeat(255), '日本', ' ', '%2B+&=#', '{a}:*[\\]"']) {
      const { id } = await api.createRun({ key });
      assert.equal((await listPage(api, { key, limit: 1 })).runs[0]?.id, id, key);
    }
    for (const key of ['', 'x'.repeat(256), 'a\nb', 'a\0b', '\u007f']) {
      const json = { task: 'x', key };
      expectError(await api.request('POST', '/runs', { json }), 400, 'VALIDATION_FAILED');
      expectError(await api.get('/runs', { key }), 400, 'VALIDATION_FAILED');
    }
    for (const key of [5, {}, ['a'], true, '\ud800']) {
      const json = { task: 'x', key };
      expectError(await api.request('POST', '/runs', { json }), 400, 'VALIDATION_FAILED');
    }
    assert.equal((await api.createRun({ key: null })).key, null);
  });

  check('a limit, status or cursor that makes no sense is refused', async ({ api }) => {
    const bad = [{ limit: 0 }, { limit: -1 }, { limit: 'many' }, { limit: 1.5 }, { status: 'sleeping' }];
    for (const query of bad) expectError(await api.get('/runs', query), 400, 'VALIDATION_FAILED');
    expectError(
      await api.get('/runs', { cursor: '{"no":"cursor"}' }),
      400,
      'VALIDATION_FAILED',
      'INVALID_EVENT_ID',
    );
  });
});

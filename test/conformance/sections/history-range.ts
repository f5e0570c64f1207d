import assert from 'node:assert/strict';
import { expectError, expectStatus } from '../client.js';
import { idParts, numberedRange } from '../model.js';
import { defineSection } from '../runner.js';
import { assertSequences } from '../watcher.js';

const ORDERS = ['asc', 'desc'] as const;

export const historyRange = defineSection('3.2 History: ranges and limits', (check) => {
  check('start_id and end_id are both inclusive, in both directions', async ({ api }) => {
    const run = await api.createRun();
    const { ids } = await api.append(run.id, numberedRange(1, 30));
    // Sequences 8 to 12, one batch and so most likely one millisecond: ids as text would sort 10 before 9.
    const range = { start_id: ids[6] ?? '', end_id: ids[10] ?? '' };
    for (const order of ORDERS) {
      const { events, has_more } = await api.page(run.id, { ...range, order });
      assertSequences(order === 'asc' ? events : events.toReversed(), 8, 12);
      assert.equal(has_more, false);
      const read: number[] = [];
      let page = await api.page(run.id, { ...range, order, limit: 2 });
      read.push(...page.events.map(({ sequence }) => sequence));
      while (page.next_id !== null) {
        const bound = order === 'asc' ? { start_id: page.next_id } : { end_id: page.next_id };
        page = await api.page(run.id, { ...range, ...bound, order, limit: 2 });
        read.push(...page.events.map(({ sequence }) => sequence));
      }
      assert.deepEqual(read, order === 'asc' ? [8, 9, 10, 11, 12] : [12, 11, 10, 9, 8]);
    }
    const one = ids[4] ?? '';
    assertSequences((await api.page(run.id, { start_id: one, end_id: one })).events, 6, 6);
  });

  check('- and + are the beginning and the end, and 0-0 lies before everything', async ({ api }) => {
    const run = await api.createRun();
    await api.append(run.id, numberedRange(1, 5));
    for (const start_id of ['-', '0-0', '0-1']) {
      assertSequences((await api.page(run.id, { start_id, end_id: '+' })).events, 1, 6);
    }
  });

  check('a range that holds nothing is 200 and an empty list', async ({ api }) => {
    const run = await api.createRun();
    const { last_id } = await api.append(run.id, numberedRange(1, 5));
    const { ms } = idParts(last_id);
    for (const range of [
      { start_id: `${ms + 100_000}-1` },
      { end_id: '1-1' },
      { start_id: `${ms}-7`, end_id: '+' },
    ]) {
      for (const order of ORDERS) {
        const page = await api.page(run.id, { ...range, order });
        assert.deepEqual([page.events, page.count, page.has_more, page.next_id], [[], 0, false, null]);
      }
    }
  });

  check('what is no event id is INVALID_EVENT_ID, for either end', async ({ api }) => {
    const run = await api.createRun();
    const bad = [
      'abc',
      '5',
      '1-',
      '-1',
      '1-2-3',
      '1.5-2',
      '(1-2',
      '$',
      '1-x',
      ' 1-1',
      '1-1 ',
      '0x1-1',
      '--1',
    ];
    for (const id of bad) {
      expectError(await api.get(`/runs/${run.id}/events`, { start_id: id }), 400, 'INVALID_EVENT_ID');
      expectError(await api.get(`/runs/${run.id}/events`, { end_id: id }), 400, 'INVALID_EVENT_ID');
    }
  });

  check('an id with more digits than any clock is not an error of the server', async ({ api }) => {
    const run = await api.createRun();
    for (const id of ['18446744073709551616-1', `1-${'9'.repeat(30)}`]) {
      for (const bound of ['start_id', 'end_id']) {
        const reply = await api.get(`/runs/${run.id}/events`, { [bound]: id });
        if (reply.status !== 200) expectError(reply, 400, 'INVALID_EVENT_ID');
      }
    }
  });

  check('limit is 1 to 10000, order is asc or desc', async ({ api }) => {
    const run = await api.createRun();
    const path = `/runs/${run.id}/events`;
    for (const limit of [0, -1, 10_001, 'many', '1.5', '']) {
      expectError(await api.get(path, { limit }), 400, 'VALIDATION_FAILED');
    }
    expectError(await api.get(path, { order: 'sideways' }), 400, 'VALIDATION_FAILED');
    for (const limit of [1, 10_000]) expectStatus(await api.get(path, { limit }), 200);
  });
});

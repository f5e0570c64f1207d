import assert from 'node:assert/strict';
import { expectError, expectStatus } from '../client.js';
import {
  UTC_TIME,
  type ConsumerGroup,
  type ConsumerGroupTrend,
  type GroupOverview,
  type DeadLetterList,
  type PendingList,
  type TenantRates,
} from '../model.js';
import { defineSection } from '../runner.js';

/** Allowed as a name, and held by nobody. */
const NO_GROUP = 'conformance-no-such-group';
/** What could never be one, so that it must not reach a key either. */
const NO_NAMES = ['Upper', 'a:b', '{x}', '*', 'a b', 'x'.repeat(200)];

const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0;

function assertMember(member: ConsumerGroup['members'][number]): void {
  assert.ok(typeof member.name === 'string' && typeof member.handler === 'string');
  assert.equal(typeof member.fingerprint, 'string');
  assert.ok(member.version === null || isCount(member.version));
  assert.ok(isCount(member.idle_ms));
}

function assertRates({ appended_per_second, handled_per_second }: TenantRates): void {
  assert.ok(appended_per_second >= 0);
  assert.ok(handled_per_second === null || handled_per_second >= 0);
}

/** Groups are there only where a deployment has handlers: what is asked of one here is what holds without any. */
export const operations = defineSection('4 Consumer groups', (check) => {
  check('the groups are a list, each with its counts', async ({ api }) => {
    const { groups, count } = expectStatus(await api.get('/consumers'), 200).json<{
      groups: ConsumerGroup[];
      count: number;
    }>();
    assert.equal(count, groups.length);
    for (const group of groups) {
      for (const name of ['pending', 'lag', 'lag_ms', 'delayed_retries', 'dead_letters'] as const)
        assert.ok(isCount(group[name]), `${name} of ${group.group} is a number`);
      assert.ok(group.oldest_pending_age_ms === null || isCount(group.oldest_pending_age_ms));
      assert.equal(typeof group.paused, 'boolean');
      assert.equal(typeof group.handled, 'boolean');
      assert.ok(Array.isArray(group.handlers) && Array.isArray(group.consumers));
      for (const { name, pending, idle_ms } of group.consumers)
        assert.ok(typeof name === 'string' && isCount(pending) && isCount(idle_ms));
      for (const member of group.members) assertMember(member);
      assertRates(group.rates);
    }
  });

  check('a group by its name has the last hour beside it, in order', async ({ api }) => {
    const { groups } = expectStatus(await api.get('/consumers'), 200).json<{ groups: ConsumerGroup[] }>();
    for (const { group } of groups.filter(({ group }) => group !== 'overview')) {
      const found = expectStatus(await api.get(`/consumers/${group}`), 200).json<ConsumerGroupTrend>();
      assert.equal(found.group, group);
      assertRates(found.rates);
      assert.ok(found.samples.length <= 360);
      for (const { at, lag, lag_ms, pending, rates } of found.samples) {
        assert.match(at, UTC_TIME);
        for (const value of [lag, lag_ms, pending]) assert.ok(isCount(value));
        if (rates) assertRates(rates);
      }
      const times = found.samples.map(({ at }) => at);
      assert.deepEqual(times, [...times].sort());
    }
  });

  check('the sum over all tenants is bounded, or closed to one of several', async ({ api }) => {
    const reply = await api.get('/consumers/overview');
    if (reply.status === 403) {
      expectError(reply, 403, 'FORBIDDEN');
      return;
    }
    const { groups, count } = expectStatus(reply, 200).json<{ groups: GroupOverview[]; count: number }>();
    assert.equal(count, groups.length);
    assert.ok(count <= 100);
    for (const group of groups) {
      for (const name of [
        'pending',
        'lag',
        'lag_ms',
        'delayed_retries',
        'dead_letters',
        'tenants_behind',
      ] as const)
        assert.ok(isCount(group[name]), `${name} of ${group.group} is a number`);
      assert.ok(isCount(group.tenants_looked_at) && group.tenants_looked_at <= 1000);
      assert.equal(typeof group.complete, 'boolean');
      for (const rate of Object.values(group.rates)) assert.ok(rate >= 0);
      for (const member of group.members) assertMember(member);
      const lags = group.worst_tenants.map(({ lag }) => lag);
      assert.ok(lags.length <= 10);
      assert.deepEqual(
        lags,
        [...lags].sort((a, b) => b - a),
      );
      assert.ok(group.samples.length <= 60);
      for (const { at } of group.samples) assert.match(at, UTC_TIME);
    }
    expectError(await api.get('/consumers/overview', { group: NO_GROUP }), 400, 'VALIDATION_FAILED');
  });

  check('a group that is not there is 404 GROUP_NOT_FOUND on every route', async ({ api }) => {
    for (const name of [NO_GROUP, ...NO_NAMES.map(encodeURIComponent)]) {
      const path = `/consumers/${name}`;
      expectError(await api.request('POST', `${path}/pause`), 404, 'GROUP_NOT_FOUND');
      expectError(await api.request('POST', `${path}/resume`), 404, 'GROUP_NOT_FOUND');
      const json = { from: '2026-01-01T00:00:00Z' };
      expectError(await api.request('POST', `${path}/replay`, { json }), 404, 'GROUP_NOT_FOUND');
      expectError(await api.get(path), 404, 'GROUP_NOT_FOUND');
      expectError(await api.get(`${path}/pending`), 404, 'GROUP_NOT_FOUND');
      expectError(await api.request('DELETE', path), 404, 'GROUP_NOT_FOUND');
    }
    expectError(await api.get('/dead-letters', { group: NO_GROUP }), 404, 'GROUP_NOT_FOUND');
    expectError(await api.request('DELETE', `/dead-letters?group=${NO_GROUP}`), 404, 'GROUP_NOT_FOUND');
    const json = { group: NO_GROUP };
    expectError(await api.request('POST', '/dead-letters/redrive', { json }), 404, 'GROUP_NOT_FOUND');
  });

  check('what is pending in a group is a page of a list, oldest first', async ({ api }) => {
    const { groups } = expectStatus(await api.get('/consumers'), 200).json<{ groups: ConsumerGroup[] }>();
    for (const { group } of groups) {
      const reply = await api.get(`/consumers/${group}/pending`, { limit: 10 });
      const page = expectStatus(reply, 200).json<PendingList>();
      assert.equal(page.count, page.pending.length);
      assert.ok(page.count <= 10);
      assert.equal(page.has_more, page.next_cursor !== null);
      for (const one of page.pending) {
        assert.ok(['waiting', 'running', 'suspect', 'delayed'].includes(one.state));
        for (const name of ['age_ms', 'idle_ms', 'attempts'] as const) assert.ok(isCount(one[name]));
        assert.ok(one.next_try_at === null || UTC_TIME.test(one.next_try_at));
      }
    }
    for (const query of [{ limit: 0 }, { limit: 1001 }, { cursor: 'x' }, { after: '1-1' }])
      expectError(await api.get(`/consumers/${NO_GROUP}/pending`, query), 400, 'VALIDATION_FAILED');
  });

  check('a replay begins at an id or a time', async ({ api }) => {
    for (const json of [{}, { from: '' }, { from: 'yesterday' }, { from: 5 }, { from: '1-1', form: 'x' }]) {
      const reply = await api.request('POST', `/consumers/${NO_GROUP}/replay`, { json });
      expectError(reply, 400, 'VALIDATION_FAILED');
    }
  });

  check('dead letters are a page of a list, newest first', async ({ api }) => {
    const page = expectStatus(await api.get('/dead-letters', { limit: 10 }), 200).json<DeadLetterList>();
    assert.equal(page.count, page.dead_letters.length);
    assert.ok(page.count <= 10);
    assert.equal(page.has_more, page.next_cursor !== null);
    const times = page.dead_letters.map(({ last_failure_at }) => last_failure_at);
    for (const time of times) assert.match(time, UTC_TIME);
    for (const { id, group } of page.dead_letters) assert.ok(id.startsWith(`${group}.`));
  });

  check('a dead letter that is not there is 404 DEAD_LETTER_NOT_FOUND', async ({ api }) => {
    for (const id of ['x', `${NO_GROUP}.1-1`, '..1-1', 'a%3Ab.1-1']) {
      const redriven = await api.request('POST', `/dead-letters/${id}/redrive`);
      expectError(redriven, 404, 'DEAD_LETTER_NOT_FOUND');
      expectError(await api.request('DELETE', `/dead-letters/${id}`), 404, 'DEAD_LETTER_NOT_FOUND');
    }
  });

  check('queries and bodies that make no sense are refused', async ({ api }) => {
    for (const query of [{ limit: 0 }, { limit: 1001 }, { cursor: 'x' }, { typ: 'log.*' }])
      expectError(await api.get('/dead-letters', query), 400, 'VALIDATION_FAILED');
    expectError(await api.get('/dead-letters', { type: 'no.such' }), 400, 'UNKNOWN_EVENT_TYPE');
    expectError(await api.request('DELETE', '/dead-letters'), 400, 'VALIDATION_FAILED');
    for (const json of [{}, { group: 7 }, { group: NO_GROUP, limit: 0 }, { group: NO_GROUP, all: true }])
      expectError(await api.request('POST', '/dead-letters/redrive', { json }), 400, 'VALIDATION_FAILED');
  });
});

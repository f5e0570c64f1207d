import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  RunstreamClient,
  type RunEvent,
  type RunstreamClientError,
} from '../../packages/client/src/index.js';
import { SCOPES } from '../../src/auth/index.js';
import { TestKeys } from '../access/keys.js';
import { OpenApiDocument } from '../support/openapi.js';
import type { Serving } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';
import { followed, range } from './following.js';

/** For Prometheus. */
const LEFT_OUT = ['GET /metrics'];

const bed = new TestBed();
let service: Serving;
let client: RunstreamClient;
/** Method and path of each request. */
const asked: string[] = [];

beforeAll(async () => {
  const keys = await TestKeys.open();
  bed.onClose(() => keys.close());
  service = await bed.serveHere({ AUTH_MODE: 'api-key' });
  const { headers } = await keys.create('default');
  client = new RunstreamClient({
    baseUrl: `${service.url}/`,
    headers,
    fetch: (url, init) => {
      asked.push(`${init?.method} ${new URL(new Request(url).url).pathname}`);
      return fetch(url, init);
    },
  });
});
afterAll(() => bed.close());

const line = { event: { category: 'log', action: 'stdout' }, data: { line: 'a' } };
const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'none',
    (error: unknown) => (error as RunstreamClientError).code,
  );

describe('the calls of the client', () => {
  it('start, find, read, wait for, cancel and delete runs', async () => {
    const key = `k ${Math.random()}`;
    const run = await client.runs.create({ task: 'a', key }, { idempotencyKey: key });
    expect((await client.runs.create({ task: 'a', key }, { idempotencyKey: key })).id).toBe(run.id);
    expect((await client.runs.list({ key })).runs.map(({ id }) => id)).toEqual([run.id]);
    const { ids } = await client.runs.append(run.id, [line, line, line], { expectedSequence: 1 });
    expect(await codeOf(client.runs.append(run.id, line, { expectedSequence: 1 }))).toBe('SEQUENCE_CONFLICT');
    expect((await client.runs.events(run.id, { start_id: ids[1] ?? '', limit: 1 })).events[0]?.id).toBe(
      ids[1],
    );
    expect((await client.runs.createStreamTicket(run.id)).url).toMatch(/ticket=/);
    const waiting = client.runs.get(run.id, { wait_seconds: 60 });
    expect((await client.runs.cancel(run.id, { reason: 'enough' })).status).toBe('cancelled');
    expect((await waiting).status).toBe('cancelled');
    expect((await client.health.ready()).status).toBe('ok');
    expect((await client.runs.counts()).cancelled).toBeGreaterThan(0);
    expect((await client.executors.list()).executors.map(({ name }) => name)).toEqual(['command', 'replay']);
    expect(await client.runs.delete(run.id)).toBeUndefined();
    expect(await codeOf(client.runs.get(run.id))).toBe('RUN_NOT_FOUND');
  });

  it('read a history in both directions, page after page', async () => {
    const { id } = await client.runs.create({ task: 'a' });
    const { ids } = await client.runs.append(
      id,
      Array.from({ length: 9 }, () => line),
    );
    for (const limit of [1, 3, 1000]) {
      const up = client.runs.history(id, { limit, start_id: ids[2] ?? '' });
      expect(await sequencesOf(up)).toEqual(range(4, 10));
      expect(await sequencesOf(client.runs.history(id, { limit, order: 'desc' }))).toEqual(downFrom(10));
    }
    const journal = await client.events.list({ run_id: id, order: 'desc' });
    expect(journal.events.map((event) => event.sequence)).toEqual(downFrom(10));
    expect((await client.events.createStreamTicket({ types: 'log.*' })).url).toMatch(/ticket=/);
  });

  it('serve executors', async () => {
    const { executors, runs } = client;
    const [name, worker] = [`w-${randomUUID()}`, 'me'];
    expect(await executors.put(name, { on_crash: 'restart' })).toMatchObject({ on_crash: 'restart' });
    const { id } = await runs.create({ task: 'a', executor: name });
    const claimed = await executors.claim(name, { worker, claim_id: 'first', max: 5 });
    expect(await executors.claim(name, { worker, claim_id: 'first', max: 5 })).toEqual(claimed);
    const leaseToken = claimed?.claims[0]?.lease_token ?? '';
    expect(await runs.renewLease(id, leaseToken)).toMatchObject({ status: 'running' });
    await runs.append(id, line, { leaseToken });
    expect(await codeOf(runs.append(id, line, { leaseToken: '1.x' }))).toBe('LEASE_LOST');
    expect(await runs.release(id, leaseToken)).toBeUndefined();
    const [again] = (await executors.claim(name, { worker, claim_id: 'second' }))?.claims ?? [];
    expect(again?.run.attempt).toBe(2);
    await using writer = client.append(id, { leaseToken: again?.lease_token ?? '' });
    await writer.end('completed', { result: 7 });
    expect(await runs.get(id)).toMatchObject({ result: 7 });
    expect(await executors.claim(name, { worker, claim_id: 'third', wait_seconds: 0 })).toBeUndefined();
    expect(await executors.get(name)).toMatchObject({ running: 0 });
    expect(await executors.delete(name)).toBeUndefined();
    expect(await codeOf(executors.get(name))).toBe('EXECUTOR_NOT_FOUND');
  });

  it('serve groups', async () => {
    const { consumers, runs } = client;
    const [group, worker] = [`w-${randomUUID()}`, 'me'];
    expect(await consumers.put(group, { types: ['task.created'] })).toMatchObject({
      types: ['task.created'],
    });
    const { id: runId } = await runs.create({ task: 'a' });
    await runs.append(runId, { event: { category: 'task', action: 'created' }, data: { n: 1 } });
    const given = await consumers.deliveries(group, { worker, claim_id: 'first' });
    expect(await consumers.deliveries(group, { worker, claim_id: 'first' })).toEqual(given);
    const { id = '', token = '', event, attempt } = given?.deliveries[0] ?? {};
    expect([event?.run_id, attempt]).toEqual([runId, 1]);
    const leases = [
      { id, token },
      { id, token: '1.x' },
    ];
    expect(await consumers.renewLeases(group, { leases })).toEqual({
      leases: [
        { id, lease_expires_at: expect.any(String) },
        { id, lease_expires_at: null },
      ],
    });
    const settlements = [{ id, token, outcome: 'success' as const, start_runs: [{ task: 'b' }] }];
    const settled = await consumers.settle(group, { settlements });
    expect(settled).toMatchObject({ settlements: [{ id, result: 'ok', run_ids: [expect.any(String)] }] });
    expect(await consumers.settle(group, { settlements })).toEqual(settled);
    expect(
      await consumers.deliveries(group, { worker, claim_id: 'second', wait_seconds: 0 }),
    ).toBeUndefined();
    // Somebody has asked for its events within a minute.
    expect(await codeOf(consumers.delete(group))).toBe('GROUP_IN_USE');
  });

  it('show and steer groups and dead letters', async () => {
    const group = 'no such/group';
    expect((await client.consumers.list()).groups).toEqual(expect.any(Array));
    expect((await client.consumers.overview()).count).toEqual(expect.any(Number));
    for (const call of [
      client.consumers.get(group),
      client.consumers.pending(group, { limit: 1 }),
      client.consumers.pause(group),
      client.consumers.resume(group),
      client.consumers.replay(group, '0-1'),
      client.consumers.delete(group),
    ]) {
      expect(await codeOf(call)).toBe('GROUP_NOT_FOUND');
    }
    expect((await client.deadLetters.list({ limit: 1 })).dead_letters).toEqual(expect.any(Array));
    expect(await codeOf(client.deadLetters.redrive(`${group}.1-0`))).toBe('DEAD_LETTER_NOT_FOUND');
    expect(await codeOf(client.deadLetters.delete(`${group}.1-0`))).toBe('DEAD_LETTER_NOT_FOUND');
    expect(await codeOf(client.deadLetters.redriveMany({ group }))).toBe('GROUP_NOT_FOUND');
    expect(await codeOf(client.deadLetters.deleteAll(group))).toBe('GROUP_NOT_FOUND');
  });

  it('make, list and revoke keys', async () => {
    const { id, key } = await client.keys.create({ name: 'mine', scopes: ['runs:read'] });
    expect(key).toMatch(/^rs_/);
    expect((await client.keys.list()).keys.map((one) => one.id)).toContain(id);
    expect(await client.keys.revoke(id)).toBeUndefined();
  });

  it('read and set limits of tenants', async () => {
    const set = await client.tenants.setLimits('default', { active_runs: 1_000_000 });
    expect(set.own).toMatchObject({ active_runs: 1_000_000, stored_bytes: null });
    expect(await client.tenants.limits('default')).toEqual(set);
    await client.tenants.setLimits('default', {});
  });

  it('say who the caller is, and leave signing in to pages', async () => {
    expect(await client.session.get()).toMatchObject({ auth_mode: 'api-key', tenant_id: 'default' });
    expect(await codeOf(client.session.open({ token: 'a' }))).toBe('VALIDATION_FAILED');
    expect(await client.session.close()).toBeUndefined();
  });

  it('say who asks, and how the service is', async () => {
    const { tenant_id, scopes } = await client.session.get();
    expect({ tenant_id, scopes }).toEqual({ tenant_id: 'default', scopes: [...SCOPES] });
    expect(await client.health.live()).toEqual({ status: 'ok' });
    expect((await client.health.ready()).checks).toMatchObject({ redis: 'up' });
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(await client.health.version()).toBe(version);
  });

  it('are all that the service has', async () => {
    const { id } = await client.runs.create({ task: 'a' });
    await using writer = client.append(id);
    await writer.end('completed');
    for (const follow of [client.follow(id), client.followAll()]) {
      await followed(follow, { until: ({ events }) => events.length > 0 });
    }
    const { operations } = await OpenApiDocument.of(service.url);
    const unasked = [...operations.keys()].filter((name) => {
      const pattern = new RegExp(`^${name.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
      return !asked.some((one) => pattern.test(one));
    });
    expect(unasked.sort()).toEqual([...LEFT_OUT].sort());
  });
});

/** Of what it gives, the sequences. */
async function sequencesOf(events: AsyncIterable<RunEvent>): Promise<number[]> {
  const sequences: number[] = [];
  for await (const { sequence } of events) sequences.push(sequence);
  return sequences;
}

function downFrom(last: number): number[] {
  return range(1, last).reverse();
}

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import type { Answer } from '../access/ask.js';
import { uniqueTenant } from '../support/event-store.js';
import { eventually } from '../support/eventually.js';
import { serveHere, type Serving } from '../support/service.js';
import { line, WorkerCalls } from './worker-calls.js';

const ENV = { MULTI_TENANCY_ENABLED: 'true' };
const GROUP = '/consumers/billing';

interface Delivery {
  id: string;
  token: string;
  attempt: number;
  lease_expires_at: string;
  event: { run_id: string; data: { line: string } };
}

let one: Serving;
let two: Serving;
beforeAll(async () => {
  [one, two] = await Promise.all([serveHere(ENV), serveHere(ENV)]);
});
afterAll(async () => {
  await Promise.all([one.stop(), two.stop()]);
});

/** A worker, its group, and a run of its tenant. */
async function open(
  how: object = {},
): Promise<{ worker: WorkerCalls; run: string; say: (...texts: string[]) => Promise<void> }> {
  const worker = new WorkerCalls(one.url, uniqueTenant());
  const put = await worker.call('PUT', GROUP, { types: ['log.stdout'], ...how });
  if (put.status !== 200) throw new Error(put.text);
  const run = await worker.create('external');
  const say = async (...texts: string[]): Promise<void> => {
    await worker.call(
      'POST',
      `/runs/${run}/events`,
      texts.map((text) => line(text)),
    );
  };
  return { worker, run, say };
}

function taking(worker: WorkerCalls, more: object = {}): Promise<Answer> {
  const asked = { worker: worker.worker, claim_id: randomUUID(), wait_seconds: 20, ...more };
  return worker.call('POST', `${GROUP}/deliveries`, asked);
}

async function take(worker: WorkerCalls, more: object = {}): Promise<Delivery[]> {
  const { status, json, text } = await taking(worker, more);
  if (status === 204) return [];
  if (status !== 200) throw new Error(text);
  return json?.['deliveries'] as Delivery[];
}

async function settle(worker: WorkerCalls, ...settlements: object[]): Promise<object[]> {
  const { status, json, text } = await worker.call('POST', `${GROUP}/settlements`, { settlements });
  if (status !== 200) throw new Error(text);
  return json?.['settlements'] as object[];
}

const success = ({ id, token }: Delivery, more: object = {}): object => ({
  id,
  token,
  outcome: 'success',
  ...more,
});
const textsOf = (deliveries: Delivery[]): string[] => deliveries.map(({ event }) => event.data.line);

describe('Handlers over HTTP', () => {
  it('a worker is given events, and says what came of them, at whatever process', async () => {
    const { worker, run, say } = await open();
    await say('a', 'b', 'c');
    const given = await take(worker);
    expect(textsOf(given)).toEqual(['a', 'b', 'c']);
    expect(given[0]).toMatchObject({ attempt: 1, event: { run_id: run, tenant_id: worker.tenant } });
    const [a, b, c] = given as [Delivery, Delivery, Delivery];
    const effects = {
      publish: [
        { run_id: run, event: { category: 'system', action: 'warning' }, data: { message: 'from a' } },
      ],
      start_runs: [{ task: 'after a', labels: { by: 'a' } }],
    };
    const said = [success(a, effects), { id: b.id, token: b.token, outcome: 'fail', error: 'no' }];
    const settled = await settle(worker.at(two.url), ...said);
    expect(settled).toEqual([
      { id: a.id, result: 'ok', run_ids: [expect.any(String)] },
      { id: b.id, result: 'dead', error: 'no' },
    ]);
    // Again, in other company, with another body.
    expect(await settle(worker, success(c), success(b), { ...success(a), outcome: 'retry' })).toEqual([
      { id: c.id, result: 'ok' },
      ...settled.reverse(),
    ]);
    expect((await worker.types(run)).filter((type) => type === 'system.warning')).toHaveLength(1);
    const [{ run_ids: started } = { run_ids: [] as string[] }] = settled.filter(
      (one) => 'run_ids' in one,
    ) as { run_ids: string[] }[];
    expect(await worker.run(started[0] ?? '')).toMatchObject({ task: 'after a', labels: { by: 'a' } });
    const group = await worker.call('GET', GROUP);
    expect(group.json).toMatchObject({
      group: 'billing',
      pending: 0,
      dead_letters: 1,
      handled: true,
      consumers: [{ name: 'w1' }],
    });
    const letters = await worker.call('GET', '/dead-letters?group=billing');
    expect(letters.json).toMatchObject({ dead_letters: [{ group: 'billing', error: 'no' }] });
  });

  it('a wait ends with what comes, and the same call is answered the same', async () => {
    const { worker, say } = await open({ ordering: 'run' });
    const waiting = take(worker.at(two.url), { claim_id: 'c1' });
    await say('a', 'b');
    const first = await waiting;
    expect(textsOf(first)).toEqual(['a']);
    expect(await take(worker, { claim_id: 'c1' })).toEqual(first);
    expect(await take(worker, { claim_id: 'c2', wait_seconds: 0 })).toEqual([]);
    const next = take(worker, { claim_id: 'c3' });
    await settle(worker.at(two.url), success(first[0]!));
    expect(textsOf(await next)).toEqual(['b']);
    expect(await take(worker, { claim_id: 'c1', wait_seconds: 0 })).toEqual([]);
  });

  it('a lease is renewed at any process, and what is not renewed comes again by itself', async () => {
    const { worker, say } = await open({ lease_seconds: 1 });
    await say('a', 'b');
    const given = await take(worker);
    const renewed = await worker.at(two.url).call('POST', `${GROUP}/leases`, {
      leases: [given[0], { id: given[1]!.id, token: '1.x' }].map((held) => ({
        id: held!.id,
        token: held!.token,
      })),
    });
    expect(renewed.json).toEqual({
      leases: [
        { id: given[0]!.id, lease_expires_at: expect.any(String) },
        { id: given[1]!.id, lease_expires_at: null },
      ],
    });
    const again = await take(worker.at(two.url));
    expect(again).toMatchObject([{ attempt: 2 }]);
    expect(await settle(worker, success(given.find(({ id }) => id === again[0]!.id)!))).toMatchObject([
      { result: 'lost' },
    ]);
  });

  it('a failure that is to be tried again wakes who waits when it is due', async () => {
    const { worker, say } = await open();
    await say('a');
    const [a] = await take(worker);
    const waiting = take(worker.at(two.url));
    await settle(worker, { id: a!.id, token: a!.token, outcome: 'retry', delay_ms: 700 });
    const began = performance.now();
    expect(await waiting).toMatchObject([{ id: a!.id, attempt: 2 }]);
    // Sooner than whoever waits looks by himself.
    expect(performance.now() - began).toBeLessThan(4500);
  });

  it('a server that stops sends its waiters away, and another settles what it gave out', async () => {
    const third = await serveHere(ENV);
    const { worker, say } = await open();
    await say('a');
    const [a] = await take(worker.at(third.url));
    const waiting = taking(worker.at(third.url));
    await eventually('it waits', async () => (await worker.at(third.url).call('GET', GROUP)).status === 200);
    await third.stop();
    expect((await waiting).status).toBe(204);
    expect(await settle(worker, success(a!))).toEqual([{ id: a!.id, result: 'ok' }]);
  });

  it('what was not begun is given back, wakes who waits, and was no attempt', async () => {
    const { worker, say } = await open({ lease_seconds: 600, max_attempts: 1 });
    await say('a');
    const [a] = await take(worker);
    const { id, token } = a!;
    const waiting = take(worker.at(two.url));
    const released = { id, token, outcome: 'release' };
    expect(await settle(worker, released)).toEqual([{ id, result: 'ok' }]);
    const [again] = await waiting;
    expect(again).toMatchObject({ id, attempt: 1 });
    expect(again!.token).not.toBe(token);
    // Said again it is answered the same, and takes nothing from the next one.
    expect(await settle(worker, released)).toEqual([{ id, result: 'ok' }]);
    expect(await settle(worker, { id, token: again!.token, outcome: 'success' })).toEqual([
      { id, result: 'ok' },
    ]);
  });

  it('those who wait are served in turn, and a waiter that is gone is given nothing', async () => {
    const { worker, say } = await open();
    const body = JSON.stringify({ worker: 'gone', claim_id: 'g', wait_seconds: 30 });
    const url = new URL(one.url);
    const socket = connect(Number(url.port), url.hostname);
    socket.write(
      `POST ${GROUP}/deliveries HTTP/1.1\r\nHost: ${url.host}\r\nX-Tenant-Id: ${worker.tenant}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    await eventually('it waits', async () => {
      const { json } = await worker.call('GET', GROUP);
      return (json?.['consumers'] as { name: string }[]).some(({ name }) => name === 'gone');
    });
    const waiting = ['x', 'y'].map((name) => take(new WorkerCalls(one.url, worker.tenant, name), { max: 2 }));
    socket.destroy();
    await say('1', '2', '3', '4');
    const [x, y] = await Promise.all(waiting);
    expect([x?.length, y?.length]).toEqual([2, 2]);
    expect([...textsOf(x ?? []), ...textsOf(y ?? [])].sort()).toEqual(['1', '2', '3', '4']);
  });

  it('a group is changed by newer workers, and by nobody while it is in use', async () => {
    const { worker, say } = await open({ version: 2, lease_seconds: 7 });
    const older = await worker.call('PUT', GROUP, { version: 1 });
    expect([older.status, older.json?.['code']]).toEqual([409, 'VERSION_OUTDATED']);
    const newer = await worker.call('PUT', GROUP, { version: 3, types: ['log.stdout', 'llm.*'] });
    expect([newer.status, newer.json]).toEqual([
      200,
      {
        ...{ group: 'billing', version: 3, types: ['log.stdout', 'llm.*'], from: 'now', ordering: 'none' },
        ...{ max_attempts: 5, backoff: { initial_ms: 1000, max_ms: 60_000 }, lease_seconds: 60 },
      },
    ]);
    const ordered = { version: 3, types: ['log.stdout'], ordering: 'run' };
    expect((await worker.call('PUT', GROUP, ordered)).json?.['code']).toBe('GROUP_IN_USE');
    await worker.call('POST', `${GROUP}/pause`);
    expect((await worker.call('PUT', GROUP, ordered)).status).toBe(200);
    await worker.call('POST', `${GROUP}/resume`);
    await say('a', 'b');
    expect(textsOf(await take(worker.at(two.url)))).toEqual(['a']);
    const used = await worker.call('DELETE', GROUP);
    expect(used.json?.['code']).toBe('GROUP_IN_USE');
  });

  it('whoever asks is given what the group says now, also while others wait since before', async () => {
    const { worker, say } = await open({ lease_seconds: 60 });
    const before = new WorkerCalls(one.url, worker.tenant, 'before');
    const waiting = [take(before, { max: 1 })];
    await eventually('it waits', async () => {
      const { json } = await worker.call('GET', GROUP);
      return (json?.['consumers'] as { name: string }[]).some(({ name }) => name === 'before');
    });
    expect((await worker.call('PUT', GROUP, { types: ['log.stdout'], lease_seconds: 600 })).status).toBe(200);
    waiting.push(take(worker, { max: 1 }));
    await say('1', '2');
    const [[first], [second]] = (await Promise.all(waiting)) as [Delivery[], Delivery[]];
    const leaseOf = (one?: Delivery): number => Date.parse(one!.lease_expires_at) - Date.now();
    expect(leaseOf(first)).toBeLessThan(60_001);
    expect(leaseOf(second)).toBeGreaterThan(300_000);
  });

  it('what is wrong is said, and where', async () => {
    const { worker } = await open();
    const wrong = async (path: string, body: object, method = 'POST'): Promise<unknown> => {
      const { json } = await worker.call(method, path, body);
      const details = json?.['details'] as { path: string }[] | undefined;
      return [json?.['code'], Array.isArray(details) ? details[0]?.path : undefined];
    };
    const hold = { id: '0j.1-1', token: '1.x' };
    expect(await wrong('/consumers/nobody/deliveries', { worker: 'w', claim_id: 'c' })).toEqual([
      'GROUP_NOT_FOUND',
      undefined,
    ]);
    expect(await wrong('/consumers/~billing/deliveries', { worker: 'w', claim_id: 'c' })).toEqual([
      'GROUP_NOT_FOUND',
      undefined,
    ]);
    expect(await wrong('/consumers/Bad', {}, 'PUT')).toEqual(['VALIDATION_FAILED', 'group']);
    expect(await wrong(GROUP, { types: ['no.such'] }, 'PUT')).toEqual(['UNKNOWN_EVENT_TYPE', undefined]);
    expect(await wrong(GROUP, { backoff: { initial_ms: 0 } }, 'PUT')).toEqual([
      'VALIDATION_FAILED',
      'backoff.initial_ms',
    ]);
    expect(await wrong(GROUP, { backoff: { initial_ms: 5, max_ms: 4 } }, 'PUT')).toEqual([
      'VALIDATION_FAILED',
      'backoff',
    ]);
    const settling = (one: unknown): Promise<unknown> =>
      wrong(`${GROUP}/settlements`, { settlements: [one] });
    expect(await settling({ ...hold, outcome: 'maybe' })).toEqual([
      'VALIDATION_FAILED',
      'settlements[0].outcome',
    ]);
    expect(await settling(7)).toEqual(['VALIDATION_FAILED', 'settlements[0]']);
    expect(await settling({ ...hold, outcome: 'fail', publish: [] })).toEqual([
      'VALIDATION_FAILED',
      'settlements[0].publish',
    ]);
    expect(await settling({ ...hold, outcome: 'success', publish: [{}] })).toEqual([
      'VALIDATION_FAILED',
      'settlements[0].publish[0].run_id',
    ]);
    expect(await settling({ ...hold, outcome: 'success', publish: [{ run_id: 'r', data: {} }] })).toEqual([
      'VALIDATION_FAILED',
      'settlements[0].publish[0].event',
    ]);
    expect(await settling({ ...hold, outcome: 'success', start_runs: [{}] })).toEqual([
      'VALIDATION_FAILED',
      'settlements[0].start_runs[0].task',
    ]);
    expect(
      await settling({ ...hold, outcome: 'success', start_runs: [{ task: 'x', executor: 'nope' }] }),
    ).toEqual(['UNKNOWN_EXECUTOR', undefined]);
    expect(await settling({ ...hold, outcome: 'success' })).toEqual([undefined, undefined]);
  });
});

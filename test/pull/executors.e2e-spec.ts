import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { ask } from '../access/ask.js';
import { send } from '../conformance/http.js';
import { eventually } from '../support/eventually.js';
import { uniqueTenant } from '../support/event-store.js';
import { serveHere, type Serving } from '../support/service.js';
import { completed, line, WorkerCalls } from './worker-calls.js';

const ENV = { MULTI_TENANCY_ENABLED: 'true' };

let one: Serving;
let two: Serving;

beforeAll(async () => {
  [one, two] = await Promise.all([serveHere(ENV), serveHere(ENV)]);
});
afterAll(async () => {
  await Promise.all([one.stop(), two.stop()]);
});

const open = (): WorkerCalls => new WorkerCalls(one.url, uniqueTenant());

describe('Executors over HTTP', () => {
  it('a worker claims a run, appends to it as its executor, and ends it', async () => {
    const worker = open();
    expect((await worker.put('sum', { on_crash: 'restart' })).status).toBe(200);
    const id = await worker.create('sum');
    expect(await worker.run(id)).toMatchObject({ status: 'pending', executor: 'sum', attempt: 0 });
    const claim = await worker.claim('sum');
    expect(claim.run).toMatchObject({
      id,
      status: 'running',
      attempt: 1,
      executor: 'sum',
      holder: { instance: 'w1' },
    });
    const appended = await worker.append(claim, [line('1'), line('2')]);
    expect([appended.status, appended.json]).toMatchObject([201, { count: 2, status: 'running' }]);
    // Another process takes what the first gave out.
    const end = await worker.at(two.url).append(claim, completed({ n: 3 }));
    expect([end.status, end.json]).toMatchObject([201, { status: 'completed', lease_expires_at: null }]);
    expect(await worker.run(id)).toMatchObject({ status: 'completed', result: { n: 3 }, holder: null });
    expect(await worker.types(id)).toEqual([
      'lifecycle.started',
      'log.stdout',
      'log.stdout',
      'lifecycle.completed',
    ]);
    const { json } = await worker.call('GET', '/executors/sum');
    expect(json).toMatchObject({ running: 0, pending: 0, workers: [{ worker: 'w1', running: 0 }] });
  });

  it('a claim that waits gets what comes, at whatever process', async () => {
    const worker = open();
    await worker.put('late');
    const waiting = worker.at(two.url).claim('late');
    const id = await worker.create('late');
    expect((await waiting).run.id).toBe(id);
    expect((await worker.claiming('late', { wait_seconds: 0 })).status).toBe(204);
  });

  it('the same claim is answered the same, and held by no second one', async () => {
    const worker = open();
    await worker.put('again');
    const ids = [await worker.create('again'), await worker.create('again')];
    const first = await worker.claims('again', { claim_id: 'c1', max: 2 });
    expect(first.map(({ run }) => run.id).sort()).toEqual([...ids].sort());
    const second = await worker.at(two.url).claims('again', { claim_id: 'c1', max: 2 });
    expect(second.map(({ lease_token }) => lease_token).sort()).toEqual(
      first.map(({ lease_token }) => lease_token).sort(),
    );
    expect(await worker.claims('again', { claim_id: 'c2', wait_seconds: 0 })).toEqual([]);
  });

  it('a worker that is silent loses its run, and what it still says', async () => {
    const [worker, tenant] = [open(), uniqueTenant()];
    expect(tenant).not.toBe(worker.tenant);
    await worker.put('silent', { on_crash: 'restart', lease_seconds: 1 });
    const id = await worker.create('silent');
    const lost = await worker.claim('silent');
    expect((await worker.append(lost, line('1', { idempotency_key: '1' }))).status).toBe(201);
    const next = await worker.claim('silent');
    expect(next.run).toMatchObject({ id, attempt: 2 });
    const late = await worker.append(lost, line('2'));
    expect([late.status, late.json?.['code']]).toEqual([409, 'LEASE_LOST']);
    expect((await worker.lease(lost)).json?.['code']).toBe('LEASE_LOST');
    expect((await worker.release(lost)).json?.['code']).toBe('LEASE_LOST');
    // A repetition of what was stored is answered as one.
    const repeated = await worker.append(lost, line('1', { idempotency_key: '1' }));
    expect([repeated.status, repeated.json?.['duplicates']]).toEqual([201, 1]);
    expect((await worker.append(next, completed())).status).toBe(201);
    expect(await worker.types(id)).toEqual([
      'lifecycle.started',
      'log.stdout',
      'system.warning',
      'lifecycle.completed',
    ]);
  });

  it('a claim of which nobody was heard is no crash the first time', async () => {
    const worker = open();
    await worker.put('unheard', { on_crash: 'fail', lease_seconds: 1 });
    const id = await worker.create('unheard');
    await worker.claim('unheard');
    expect((await worker.claim('unheard')).run).toMatchObject({ id, attempt: 2 });
    const waiting = worker.claiming('unheard', { wait_seconds: 3 });
    await eventually('it has failed', async () => (await worker.run(id))['status'] === 'failed');
    expect(await worker.run(id)).toMatchObject({ error: 'executor lost' });
    expect((await waiting).status).toBe(204);
  });

  it('a run that was lost twice comes alone, and ends when it is lost then', async () => {
    const worker = open();
    await worker.put('poison', { on_crash: 'restart', lease_seconds: 1, max_attempts: 3 });
    const poison = await worker.create('poison');
    /** Claims what there is until the run has come, and falls silent: whatever came with it. */
    const dieWithIt = async (): Promise<number> => {
      let together = 0;
      await eventually('it came', async () => {
        const claims = await worker.claims('poison', { max: 10, wait_seconds: 5 });
        const isThere = claims.some(({ run }) => run.id === poison);
        for (const claim of claims) {
          if (claim.run.id === poison) await worker.append(claim, line('I live'));
          else await worker.append(claim, completed());
        }
        together = claims.length;
        return isThere;
      });
      return together;
    };
    await dieWithIt();
    await dieWithIt();
    for (let i = 0; i < 5; i++) await worker.create('poison');
    expect(await dieWithIt()).toBe(1);
    const waiting = worker.claims('poison', { max: 10, wait_seconds: 4 });
    await eventually('it has failed', async () => (await worker.run(poison))['status'] === 'failed');
    for (const claim of await waiting) await worker.append(claim, completed());
    expect(await worker.run(poison)).toMatchObject({ error: 'executor lost', attempt: 3 });
    const { json } = await worker.call('GET', '/runs?executor=poison&status=failed');
    expect(json?.['count']).toBe(1);
  });

  it('a run that is given back is the next one’s, at once or later, and is no crash', async () => {
    const worker = open();
    await worker.put('back', { on_crash: 'fail', lease_seconds: 2 });
    const id = await worker.create('back');
    const first = await worker.claim('back');
    const waiting = worker.at(two.url).claim('back');
    expect((await worker.release(first)).status).toBe(204);
    const second = await waiting;
    expect(second.run).toMatchObject({ id, attempt: 2 });
    const releasedAt = performance.now();
    expect((await worker.release(second, { delay_seconds: 1 })).status).toBe(204);
    const third = await worker.claim('back');
    expect(performance.now() - releasedAt).toBeGreaterThan(900);
    expect(third.run).toMatchObject({ id, attempt: 3 });
    await worker.append(third, completed());
    expect((await worker.release(third)).status).toBe(204);
  });

  it('renewing keeps a run, and tells of a cancel at once', async () => {
    const worker = open();
    await worker.put('kept', { on_crash: 'restart', lease_seconds: 1 });
    const id = await worker.create('kept');
    const claim = await worker.claim('kept');
    const until = Date.now() + 2500;
    await eventually('it was kept for two leases and more', async () => {
      const { json } = await worker.lease(claim);
      expect(json).toMatchObject({ status: 'running', cancel_reason: null });
      return Date.now() > until;
    });
    const waiting = worker.at(two.url).lease(claim, { wait_seconds: 30 });
    await worker.call('POST', `/runs/${id}/cancel`, { reason: 'enough' });
    expect((await waiting).json).toEqual({
      status: 'cancelled',
      lease_expires_at: null,
      cancel_reason: 'enough',
    });
    const late = await worker.append(claim, line('x'));
    expect([late.json?.['code'], late.json?.['details']]).toEqual(['RUN_ENDED', { status: 'cancelled' }]);
  });

  it('an open upload keeps the lease by heartbeats, and ends when the run is cancelled', async () => {
    const worker = open();
    await worker.put('upload', { on_crash: 'restart', lease_seconds: 1 });
    const id = await worker.create('upload');
    const claim = await worker.claim('upload');
    const { request, response } = send({
      method: 'POST',
      url: new URL(`${one.url}/runs/${id}/events`),
      headers: {
        'content-type': 'application/x-ndjson',
        'x-tenant-id': worker.tenant,
        'lease-token': claim.lease_token,
      },
      signal: new AbortController().signal,
    });
    request.write(`${JSON.stringify(line('1'))}\n`);
    const until = Date.now() + 2500;
    await eventually('two leases and more are over', () => {
      request.write('\n');
      return Date.now() > until;
    });
    expect(await worker.claims('upload', { wait_seconds: 0 })).toEqual([]);
    await worker.call('POST', `/runs/${id}/cancel`, {});
    const beating = setInterval(() => request.write('\n'), 50);
    const { statusCode } = await response.finally(() => {
      clearInterval(beating);
    });
    request.destroy();
    expect(statusCode).toBe(409);
  });

  it('names are a tenant’s own, and classes keep theirs', async () => {
    const [mine, theirs] = [open(), open()];
    await mine.put('private');
    expect((await theirs.claiming('private')).json?.['code']).toBe('EXECUTOR_NOT_FOUND');
    const unknown = await theirs.call('POST', '/runs', { task: 'x', executor: 'private' });
    expect(unknown.json?.['code']).toBe('UNKNOWN_EXECUTOR');
    const id = await mine.create('private');
    await theirs.put('private');
    expect(await theirs.claims('private', { wait_seconds: 0 })).toEqual([]);
    const claim = await mine.claim('private');
    const stolen = await theirs.append(claim, line('x'));
    expect(stolen.json?.['code']).toBe('RUN_NOT_FOUND');
    for (const token of [`1.${randomUUID()}`, '1', '', 'x.y', `2.${claim.lease_token.slice(2)}`]) {
      const forged = await mine.append({ ...claim, lease_token: token }, line('x'));
      expect([token, forged.json?.['code']]).toEqual([token, 'LEASE_LOST']);
    }
    const without = await mine.call('POST', `/runs/${id}/events`, completed());
    expect(without.json?.['code']).toBe('RUN_HAS_EXECUTOR');
    expect((await mine.put('command')).json?.['code']).toBe('EXECUTOR_TAKEN');
    expect((await mine.put('external')).json?.['code']).toBe('EXECUTOR_TAKEN');
    const listed = await mine.call('GET', '/runs?executor=private');
    expect((listed.json?.['runs'] as { id: string }[]).map((run) => run.id)).toEqual([id]);
    const all = (await mine.call('GET', '/executors')).json?.['executors'] as { name: string }[];
    expect(all.find(({ name }) => name === 'private')).toMatchObject({
      ...{ served_by: 'workers', running: 1, pending: 0, live_instances: 1 },
    });
  });

  it('an older version does not undo a newer one', async () => {
    const worker = open();
    await worker.put('versions', { version: 3, lease_seconds: 10 });
    const older = await worker.put('versions', { version: 2 });
    expect([older.status, older.json?.['code'], older.json?.['details']]).toEqual([
      409,
      'VERSION_OUTDATED',
      { version: 3 },
    ]);
    expect((await worker.put('versions', { version: 3, lease_seconds: 20 })).json).toMatchObject({
      lease_seconds: 20,
    });
    expect((await worker.call('DELETE', '/executors/versions')).status).toBe(204);
    expect((await worker.call('DELETE', '/executors/versions')).status).toBe(404);
  });

  it('waiters are served in their order', async () => {
    const worker = open();
    await worker.put('fair');
    const waiters: Promise<string>[] = [];
    for (const name of ['first', 'second', 'third']) {
      const waiter = new WorkerCalls(one.url, worker.tenant, name);
      waiters.push(waiter.claim('fair', { max: 10 }).then(({ run }) => run.id));
      await eventually('it waits', async () => {
        const { json } = await worker.call('GET', '/executors/fair');
        return (json?.['workers'] as object[]).length === waiters.length;
      });
    }
    const ids: string[] = [];
    for (const waiter of waiters) {
      ids.push(await worker.create('fair'));
      expect(await waiter).toBe(ids.at(-1));
    }
  });

  it('those who wait share what there is', async () => {
    const worker = open();
    await worker.put('shared', { lease_seconds: 1 });
    for (let i = 0; i < 6; i++) await worker.create('shared');
    const held = await worker.claims('shared', { max: 10 });
    const waiters = ['a', 'b', 'c'].map((name) =>
      new WorkerCalls(one.url, worker.tenant, name).claims('shared', { max: 10 }),
    );
    await eventually('they wait', async () => {
      const { json } = await worker.call('GET', '/executors/shared');
      return (json?.['workers'] as object[]).length === 4;
    });
    await Promise.all(held.map((claim) => worker.release(claim)));
    const shares = (await Promise.all(waiters)).map(({ length }) => length);
    expect(Math.max(...shares)).toBeLessThanOrEqual(5);
    expect(Math.min(...shares)).toBeGreaterThan(0);
  });

  it('a waiter whose socket is gone is given nothing', async () => {
    const worker = open();
    await worker.put('gone');
    const cut = new AbortController();
    const gone = fetch(`${one.url}/executors/gone/claims`, {
      method: 'POST',
      signal: cut.signal,
      headers: { 'content-type': 'application/json', 'x-tenant-id': worker.tenant },
      body: JSON.stringify({ worker: 'gone', claim_id: 'g' }),
    });
    await eventually('it waits', async () => {
      const { json } = await worker.call('GET', '/executors/gone');
      return (json?.['workers'] as object[]).length === 1;
    });
    cut.abort();
    await gone.catch(() => undefined);
    const id = await worker.create('gone');
    expect((await worker.claim('gone')).run).toMatchObject({ id });
  });

  it('at a shutdown all are answered at once', async () => {
    const third = await serveHere(ENV);
    const worker = new WorkerCalls(third.url, uniqueTenant());
    await worker.put('stop');
    const waiting = worker.claiming('stop', { wait_seconds: 60 });
    await eventually('it waits', async () => {
      const { json } = await worker.at(one.url).call('GET', '/executors/stop');
      return (json?.['workers'] as object[]).length === 1;
    });
    const stopping = third.stop();
    expect((await waiting).status).toBe(204);
    await stopping;
  });

  it.each([
    ['PUT', '/executors/Bad', {}, /name: must begin with a lower-case letter/],
    ['PUT', '/executors/ok', { lease_seconds: 0 }, /lease_seconds: must be a whole number from 1 to 3600/],
    ['PUT', '/executors/ok', { on_crash: 'maybe' }, /on_crash/],
    ['PUT', '/executors/ok', { input_schema: { a: 'x'.repeat(17_000) } }, /at most 16384 bytes/],
    ['POST', '/executors/ok/claims', { claim_id: 'x' }, /worker/],
    ['POST', '/executors/ok/claims', { worker: 'a b', claim_id: 'x' }, /worker: must be 1 to 100/],
    ['POST', '/executors/ok/claims', { worker: 'a', claim_id: 'x', wait_seconds: 61 }, /wait_seconds/],
  ])('%s %s %j is refused', async (method, path, json, message) => {
    const answer = await ask(one.url, method, path, { headers: { 'x-tenant-id': uniqueTenant() }, json });
    expect([answer.status, answer.json?.['code']]).toEqual([400, 'VALIDATION_FAILED']);
    expect(answer.json?.['message']).toMatch(message);
  });
});

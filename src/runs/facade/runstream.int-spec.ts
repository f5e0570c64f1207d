import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApplication, type TestApplication } from '../../../test/support/application.js';
import { uniqueTenant } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { type RedisServer, startRedis } from '../../../test/support/redis.js';
import type { RunstreamError } from '../../common/index.js';
import type { EventToAppend } from '../../events/index.js';
import { TenantContext } from '../../tenancy/index.js';
import type { RunOperations } from './run-operations.js';
import type { RunUpdate } from './run-updates.js';
import { Runstream } from './runstream.js';

const typesOf = (updates: readonly RunUpdate[]): string[] =>
  updates.map((update) =>
    update.kind === 'event' ? `${update.event.event.category}.${update.event.event.action}` : update.kind,
  );

async function taken<T>(updates: AsyncIterable<T>, most = Infinity): Promise<T[]> {
  const all: T[] = [];
  for await (const update of updates) if (all.push(update) >= most) break;
  return all;
}

function circle(): Record<string, never> {
  const data: Record<string, unknown> = {};
  data['self'] = data;
  return data as Record<string, never>;
}

describe('L7 runs from the code of an application', () => {
  let application: TestApplication;
  let runs: RunOperations;
  beforeAll(async () => {
    application = await startApplication({ tenancy: { enabled: true } });
    runs = application.app.get(Runstream, { strict: false }).for(uniqueTenant());
  });
  afterAll(() => application.close());

  const stdout = (n: number): EventToAppend => ({ type: 'log.stdout', data: { line: `${n}` } });
  const started = async (events = 0): Promise<string> => {
    const { id } = await runs.start({ task: 'order 42' });
    if (events > 0)
      await runs.append(
        id,
        Array.from({ length: events }, (_, n) => stdout(n)),
      );
    return id;
  };

  it('starts a run, finds it, appends, pages through it, cancels and deletes it', async () => {
    const run = await runs.start({ task: 'order 42', labels: { order: '42' }, input: { n: 1 } });
    expect(run).toMatchObject({ executor: 'external', status: 'running', task: 'order 42', input: { n: 1 } });
    const found = await runs.list({ label: { name: 'order', value: '42' } });
    expect(found).toMatchObject({ runs: [{ id: run.id }], next: undefined });
    const ids = await runs.append(run.id, [stdout(1), stdout(2), stdout(3)], { expectedSequence: 1 });
    expect(ids).toHaveLength(3);
    const first = await runs.history(run.id, { limit: 2, types: ['log.*'] });
    expect(first.events.map(({ data }) => data['line'])).toEqual(['1', '2']);
    expect(first.next).toBe(ids[2]);
    const rest = await runs.history(run.id, { types: ['log.*'], ...(first.next && { from: first.next }) });
    expect(rest).toMatchObject({ events: [{ id: ids[2] }], next: undefined });
    const newest = await runs.history(run.id, { order: 'desc', limit: 1 });
    expect(newest.events[0]?.id).toBe(ids[2]);
    expect(await runs.cancel(run.id, 'no longer needed')).toMatchObject({ status: 'cancelled' });
    await runs.delete(run.id);
    await expect(runs.get(run.id)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  it('lists the line of runs that has a key, for its tenant alone', async () => {
    const key = 'chat/42';
    const first = await runs.start({ task: 'one', key });
    const second = await runs.start({ task: 'two', key });
    await runs.start({ task: 'three', key: `${key} too` });
    expect(second.key).toBe(key);
    const page = await runs.list({ key, limit: 1 });
    expect(page).toMatchObject({ runs: [{ id: second.id, key }], next: second.id });
    const rest = await runs.list({ key, limit: 1, cursor: second.id });
    expect(rest).toMatchObject({ runs: [{ id: first.id, key }], next: undefined });
    await runs.cancel(first.id);
    expect((await runs.list({ key, status: 'cancelled' })).runs).toMatchObject([{ id: first.id }]);
    const other = application.app.get(Runstream, { strict: false }).for(uniqueTenant());
    expect((await other.list({ key })).runs).toEqual([]);
  });

  it('counts the key of a run as part of an idempotent request', async () => {
    const start = (key?: string) =>
      runs.start({ task: 'keyed', idempotencyKey: 'with a key', ...(key !== undefined && { key }) });
    const { id } = await start('a');
    expect((await start('a')).id).toBe(id);
    for (const other of ['b', undefined])
      await expect(start(other)).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect((await runs.list({ key: 'a' })).runs.map((run) => run.id)).toEqual([id]);
  });

  it('starts a run once for one key, and refuses the key for another one', async () => {
    const start = (task: string) => runs.start({ task, idempotencyKey: 'order-42' });
    const { id } = await start('order 42');
    expect((await start('order 42')).id).toBe(id);
    await expect(start('order 43')).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
  });

  it.each<[string, (id: string) => Promise<unknown>, string]>([
    ['a task that is no text', () => runs.start({ task: 1 as never }), 'VALIDATION_FAILED'],
    ['no options', () => runs.start(undefined as never), 'VALIDATION_FAILED'],
    ['input that holds a bigint', () => runs.start({ task: 'x', input: { n: 1n } }), 'VALIDATION_FAILED'],
    [
      'data that hold themselves',
      (id) => runs.append(id, { type: 'log.stdout', data: circle() as never }),
      'VALIDATION_FAILED',
    ],
    ['an empty key', () => runs.start({ task: 'x', key: '' }), 'VALIDATION_FAILED'],
    ['a key that holds NUL', () => runs.list({ key: 'a\0' }), 'VALIDATION_FAILED'],
    ['a key that is null', () => runs.list({ key: null as never }), 'VALIDATION_FAILED'],
    ['an unknown executor', () => runs.start({ task: 'x', executor: 'none' }), 'UNKNOWN_EXECUTOR'],
    ['a key with a line break', () => runs.start({ task: 'x', idempotencyKey: 'a\n' }), 'VALIDATION_FAILED'],
    ['an unknown type', (id) => runs.appendUntyped(id, { type: 'nope.x' }), 'UNKNOWN_EVENT_TYPE'],
    ['a type that is no text', (id) => runs.append(id, { type: 1 as never }), 'VALIDATION_FAILED'],
    ['no events', (id) => runs.append(id, []), 'VALIDATION_FAILED'],
    ['nothing to append', (id) => runs.append(id, undefined as never), 'VALIDATION_FAILED'],
    [
      '1001 events',
      (id) => runs.append(id, Array<never>(1001).fill(stdout(1) as never)),
      'VALIDATION_FAILED',
    ],
    ['a wrong sequence', (id) => runs.append(id, stdout(1), { expectedSequence: 9 }), 'SEQUENCE_CONFLICT'],
    ['half a sequence', (id) => runs.append(id, stdout(1), { expectedSequence: 0.5 }), 'VALIDATION_FAILED'],
    ['a limit of 0', (id) => runs.history(id, { limit: 0 }), 'VALIDATION_FAILED'],
    ['a limit that is NaN', (id) => runs.history(id, { limit: NaN }), 'VALIDATION_FAILED'],
    ['an order of its own', (id) => runs.history(id, { order: 'up' as never }), 'VALIDATION_FAILED'],
    ['a list that is too long', () => runs.list({ limit: 1001 }), 'VALIDATION_FAILED'],
    ['a cursor of its own', () => runs.list({ cursor: 'x' }), 'VALIDATION_FAILED'],
    ['an id that is none', (id) => runs.history(id, { from: 'x' }), 'INVALID_EVENT_ID'],
    ['an id to watch from that is none', (id) => taken(runs.watch(id, { after: 'x' })), 'INVALID_EVENT_ID'],
    ['no such run', () => runs.get('r0_01kbz6v2m8e7q9n4t3x5c1d2fa'), 'RUN_NOT_FOUND'],
    ['what is no run id', () => runs.get(undefined as never), 'RUN_NOT_FOUND'],
    ['no such run to watch', () => taken(runs.watch('r0_01kbz6v2m8e7q9n4t3x5c1d2fa')), 'RUN_NOT_FOUND'],
    ['no such run to wait for', () => runs.wait('x'), 'RUN_NOT_FOUND'],
  ])('refuses %s', async (_, call, code) => {
    const id = await started();
    await expect(call(id)).rejects.toMatchObject({ code });
  });

  it('watches from the first event to the last, history and live, in order', async () => {
    const id = await started(50);
    const all: RunUpdate[] = [];
    const watching = (async () => {
      for await (const update of runs.watch(id)) all.push(update);
    })();
    for (let n = 50; n < 100; n++) await runs.append(id, stdout(n));
    await runs.append(id, { type: 'lifecycle.completed', data: { result: 1 } });
    await watching;
    const lines = all.flatMap((update) => (update.kind === 'event' ? [update.event.data['line']] : []));
    expect(lines.filter((line) => line !== undefined)).toEqual(Array.from({ length: 100 }, (_, n) => `${n}`));
    expect(all.at(-1)).toEqual({ kind: 'ended', status: 'completed' });
  });

  it('watches on after an id, from what comes from now on, and for some types', async () => {
    const id = await started(3);
    const { events } = await runs.history(id);
    const after = await taken(runs.watch(id, { after: events[1]?.id ?? '' }), 2);
    expect(after).toMatchObject(events.slice(2, 4).map((event) => ({ kind: 'event', event })));
    const latest = runs.watch(id, { after: 'latest', types: ['lifecycle.*'] });
    const first = latest.next();
    // Its cursor is found by now: the same connection answers in order.
    await runs.get(id);
    await runs.append(id, [stdout(9), { type: 'lifecycle.completed' }]);
    await expect(first).resolves.toMatchObject({ value: { event: { event: { action: 'completed' } } } });
    expect(await taken(latest)).toEqual([{ kind: 'ended', status: 'completed' }]);
    const last = (await runs.history(id, { order: 'desc', limit: 1 })).events[0]?.id ?? '';
    expect(await taken(runs.watch(id, { after: last }))).toEqual([{ kind: 'ended', status: 'completed' }]);
  });

  it('ends a watch and a wait with the reason of the signal, also of one that was aborted before', async () => {
    const id = await started();
    const stop = new AbortController();
    const reason = new Error('enough');
    const watching = taken(runs.watch(id, { signal: stop.signal }));
    const waiting = runs.wait(id, { signal: stop.signal });
    stop.abort(reason);
    await expect(watching).rejects.toBe(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(taken(runs.watch(id, { signal: stop.signal }))).rejects.toBe(reason);
    await expect(runs.wait(id, { signal: stop.signal })).rejects.toBe(reason);
  });

  it('waits for the end of a run, or for so long', async () => {
    const id = await started();
    expect(await runs.wait(id, { timeoutMs: 20 })).toMatchObject({ status: 'running' });
    const waiting = runs.wait(id);
    await runs.append(id, { type: 'lifecycle.failed', data: { error: 'no' } });
    expect(await waiting).toMatchObject({ status: 'failed', error: 'no' });
    expect(await runs.wait(id)).toMatchObject({ status: 'failed' });
  });

  it('tells a watcher and a waiter that the run was deleted', async () => {
    const id = await started();
    const watching = runs.watch(id);
    await watching.next();
    const waiting = runs.wait(id).catch((error: unknown) => error);
    await runs.delete(id);
    expect(typesOf(await taken(watching))).toEqual(['deleted']);
    expect(await waiting).toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  it('is an Observable too', async () => {
    const id = await started(2);
    await runs.append(id, { type: 'lifecycle.completed' });
    const all: RunUpdate[] = [];
    await runs.watch$(id).forEach((update) => all.push(update));
    expect(typesOf(all)).toEqual([
      ...['lifecycle.started', 'log.stdout', 'log.stdout', 'lifecycle.completed'],
      'ended',
    ]);
  });

  it('is bound to the tenant whose work is under way, and to none elsewhere', async () => {
    const { app } = application;
    const runstream = app.get(Runstream, { strict: false });
    const [one, other] = [uniqueTenant(), uniqueTenant()];
    await expect(runstream.start({ task: 'x' })).rejects.toThrow(
      /There is no tenant here.*runs\.for\(tenantId\)/,
    );
    const context = app.get(TenantContext, { strict: false });
    const run = await context.run(one, () => runstream.start({ task: 'x' }));
    expect(run.tenantId).toBe(one);
    await expect(runstream.for(other).get(run.id)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    expect(() => runstream.for('no tenant')).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED' }));
  });
});

describe('L7 runs of one tenant', () => {
  let redis: RedisServer;
  let application: TestApplication;
  beforeAll(async () => {
    redis = await startRedis({ appendOnly: true });
  });
  afterAll(async () => {
    await application.close();
    await redis.stop();
  });

  it('need no tenant, and go on when Redis is back', async () => {
    application = await startApplication({ redis: { url: redis.url } });
    const runs = application.app.get(Runstream, { strict: false });
    const { id, tenantId } = await runs.start({ task: 'x' });
    expect(tenantId).toBe('default');
    expect(() => runs.for('another')).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
    const seen: RunUpdate[] = [];
    const watching = (async () => {
      for await (const update of runs.watch(id)) seen.push(update);
    })();
    const waiting = runs.wait(id);
    await eventually('it watches', () => seen.length === 1);
    await redis.kill();
    await expect(runs.append(id, { type: 'log.stdout', data: { line: '' } })).rejects.toMatchObject({
      code: 'REDIS_UNAVAILABLE',
    });
    await redis.restart();
    await eventually('it has ended', () =>
      runs.append(id, { type: 'lifecycle.completed' }).then(
        () => true,
        (error: unknown) => (error as RunstreamError).code === 'RUN_ENDED',
      ),
    );
    expect(await waiting).toMatchObject({ status: 'completed' });
    await watching;
    expect(typesOf(seen).slice(-2)).toEqual(['lifecycle.completed', 'ended']);
  });
});

import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  completed,
  createTestStore,
  line,
  type TestStore,
  watchRun,
} from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { freePort, type RedisServer, startRedis } from '../../../test/support/redis.js';
import { startTcpProxy } from '../../../test/support/tcp-proxy.js';
import { RedisUnavailableError } from '../../common/index.js';
import { readRunContext } from '../../events/index.js';
import { DispatchStore } from '../dispatch/dispatch-store.js';
import { newRunId } from './runs/run-id.js';

describe('While Redis can not answer', () => {
  let server: RedisServer;
  let a: TestStore;
  let run: string;

  beforeAll(async () => {
    server = await startRedis({ appendOnly: true });
    a = await createTestStore({ url: server.url, commandTimeoutMs: 500 });
    run = await a.createRun();
  });
  afterAll(async () => {
    await a.close();
    await server.stop();
  });

  const reads: Record<string, () => Promise<unknown>> = {
    read: () => a.store.read(a.tenant, run),
    readRange: () =>
      a.store.readRange(a.tenant, run, { from: '-', to: '+', order: 'desc', limit: 1, maxBytes: 1 }),
    info: () => a.store.info(a.tenant, run),
    locate: () => a.watcher.locate(a.tenant, run, 'start'),
    'runs.get': () => a.runs.get(a.tenant, run),
    'runs.list': () => a.runs.list(a.tenant, {}, 10),
  };
  const writes: Record<string, () => Promise<unknown>> = {
    append: () => a.store.append(a.tenant, run, [line('x')]),
    'runs.create': () =>
      a.runs.create(a.tenant, {
        executor: 'external',
        task: 'x',
        input: {},
        labels: {},
        context: readRunContext(null),
      }),
  };
  const others: Record<string, () => Promise<unknown>> = {
    expire: () => a.store.expire(a.tenant, run, 60),
    delete: () => a.store.delete(a.tenant, run),
    takeUp: () => {
      const entry = { tenantId: a.tenant, executor: 'later', id: '1-1', runId: run };
      const terms = { consumer: 'a', leaseMs: 1000, patient: true, onLost: () => completed() };
      return a.app.get(DispatchStore).takeUp(entry, terms)();
    },
    ping: () => a.redis.ping(),
  };

  /** Every call says 503, and nothing else that could be taken for an answer. */
  async function expectUnavailable(calls: Record<string, () => Promise<unknown>>): Promise<void> {
    const outcomes = await Promise.all(
      Object.entries(calls).map(async ([name, call]) => [
        name,
        await call().catch((error: unknown) => error),
      ]),
    );
    for (const [name, outcome] of outcomes)
      expect([name, outcome]).toEqual([name, expect.any(RedisUnavailableError)]);
  }
  async function expectAnswers(calls: Record<string, () => Promise<unknown>>): Promise<void> {
    for (const call of Object.values(calls)) await call();
  }
  const config = (name: string, value: string) => a.redis.commands.config('SET', name, value);
  const lengthOf = async () => (await a.store.info(a.tenant, run)).length;

  it('T23 stopped: every call is told so, at once; the same calls are answered when it is back', async () => {
    const watching = watchRun(a, run);
    await watching.until('the first', ({ sequences }) => sequences.length === 1);
    await server.kill();
    const from = Date.now();
    await expectUnavailable({ ...reads, ...writes, ...others });
    expect(Date.now() - from).toBeLessThan(1000);
    await server.restart();
    await eventually('the connection is back', () => a.redis.commands.status === 'ready');
    await expectAnswers(reads);
    await a.store.append(a.tenant, run, [line('after')]);
    await watching.until('the event behind the outage', ({ sequences }) => sequences.length === 2);
    expect(watching.signals.every(({ kind }) => kind === 'events' || kind === 'heartbeat')).toBe(true);
    watching.stop();
  });

  it('T23 frozen: every call is told so within the time limit', async () => {
    server.pause();
    try {
      const from = Date.now();
      // Redis does all of it when it wakes up, so nothing here may matter to what comes after.
      const nobody = newRunId();
      await expectUnavailable({
        ...reads,
        append: () => a.store.append(a.tenant, nobody, [line('x')]),
        delete: () => a.store.delete(a.tenant, nobody),
        ping: () => a.redis.ping(),
      });
      expect(Date.now() - from).toBeLessThan(1500);
    } finally {
      server.resume();
    }
    await eventually('it answers', () =>
      a.redis.ping().then(
        () => true,
        () => false,
      ),
    );
    await a.runs.get(a.tenant, run);
  });

  it('T23 out of memory (OOM): nothing is written, everything is read', async () => {
    const before = await lengthOf();
    await config('maxmemory', '1mb');
    try {
      await expectUnavailable(writes);
      await expectAnswers(reads);
    } finally {
      await config('maxmemory', '0');
    }
    expect(await lengthOf()).toBe(before);
  });

  it('T23 a replica (READONLY), and one without its master (MASTERDOWN)', async () => {
    const before = await lengthOf();
    await a.redis.commands.replicaof('127.0.0.1', await freePort());
    try {
      await expectUnavailable(writes);
      await expectAnswers(reads);
      await config('replica-serve-stale-data', 'no');
      await expectUnavailable({ ...reads, ...writes });
    } finally {
      await config('replica-serve-stale-data', 'yes');
      await a.redis.commands.replicaof('NO', 'ONE');
    }
    expect(await lengthOf()).toBe(before);
  });

  it('T23 busy with a script that does not end (BUSY)', async () => {
    const other = await createTestStore({ url: server.url });
    await config('busy-reply-threshold', '1');
    const endless = other.redis.commands.eval('while true do end', 0).catch((error: unknown) => error);
    await eventually('the script runs', async () => {
      return /BUSY/.test(String(await a.redis.commands.get('x').catch((error: unknown) => error)));
    });
    await expectUnavailable({ ...reads, ...writes });
    await a.redis.commands.script('KILL');
    await endless;
    await expectAnswers(reads);
    await other.close();
  });

  it('T23 unable to write its disk (MISCONF)', async () => {
    const { commands } = a.redis;
    const before = await lengthOf();
    const [, dir = ''] = await commands.config('GET', 'dir');
    await config('appendonly', 'no');
    await config('save', '3600 1');
    await rm(dir, { recursive: true });
    await commands.bgsave();
    await eventually('the save has failed', async () =>
      (await commands.info('persistence')).includes('bgsave_status:err'),
    );
    await expectUnavailable(writes);
    await expectAnswers(reads);
    await config('save', '');
    expect(await lengthOf()).toBe(before);
    await expectAnswers(writes);
  });
});

describe('When the answer to an append is lost', () => {
  it('T52 the caller is told that it is not known, and the event is there once', async () => {
    const server = await startRedis();
    const proxy = await startTcpProxy(server.port);
    const url = `redis://127.0.0.1:${proxy.port}`;
    const a = await createTestStore({ url, commandTimeoutMs: 400 });
    const witness = await createTestStore({ url: server.url, tenant: a.tenant });
    try {
      const run = await a.createRun();
      const lengthOf = async () => (await witness.store.info(a.tenant, run)).length;
      await a.store.append(a.tenant, run, [line('the script is known now')]);
      for (const event of [line('plain'), line('keyed', { idempotency_key: 'k' }), completed('with a key')]) {
        if (event.event.action === 'completed') event.idempotency_key = 'end';
        const before = await lengthOf();
        proxy.swallowAnswers();
        const append = a.store.append(a.tenant, run, [event]).catch((error: unknown) => error);
        await eventually('it is in Redis', async () => (await lengthOf()) === before + 1);
        const back = new Promise((resolve) => a.redis.commands.once('ready', resolve));
        proxy.cut();
        await back;
        expect(await append).toBeInstanceOf(RedisUnavailableError);
        expect(await lengthOf()).toBe(before + 1);
        if (event.idempotency_key) {
          expect(await a.store.append(a.tenant, run, [event])).toMatchObject({ count: 0, duplicates: 1 });
          expect(await lengthOf()).toBe(before + 1);
        }
      }
    } finally {
      await a.close();
      await witness.close();
      await proxy.close();
      await server.stop();
    }
  });
});

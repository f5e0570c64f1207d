import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { uniqueTenant } from '../support/event-store.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { serveHere, type Serving } from '../support/service.js';
import { Redis } from 'ioredis';
import { completed, line, WorkerCalls } from './worker-calls.js';

let redis: RedisServer;
let commands: Redis;
let one: Serving;

beforeAll(async () => {
  redis = await startRedis({ appendOnly: true });
  commands = new Redis(redis.url);
  one = await serveHere({ MULTI_TENANCY_ENABLED: 'true', REDIS_URL: redis.url });
});
afterAll(async () => {
  await one.stop();
  commands.disconnect();
  await redis.stop();
});

const open = (): WorkerCalls => new WorkerCalls(one.url, uniqueTenant());
const commandsSoFar = async (): Promise<number> =>
  Number(/total_commands_processed:(\d+)/.exec(await commands.info('stats'))?.[1]);

describe('Executors over HTTP, where things meet', () => {
  it('runs that ended before anybody had them do not hide those behind them', async () => {
    const worker = open();
    await worker.put('behind');
    for (let i = 0; i < 30; i++) {
      const id = await worker.create('behind');
      await worker.call('POST', `/runs/${id}/cancel`, {});
    }
    const id = await worker.create('behind');
    expect((await worker.claim('behind', { wait_seconds: 0 })).run.id).toBe(id);
  });

  it('a run is given back although whoever has a shorter lease looked at it', async () => {
    const worker = open();
    await worker.put('shorter', { lease_seconds: 60 });
    const id = await worker.create('shorter');
    const held = await worker.claim('shorter');
    await worker.put('shorter', { lease_seconds: 1 });
    const other = new WorkerCalls(one.url, worker.tenant, 'w2');
    await eventually('it has looked at what is silent for longer than the new lease', async () => {
      expect(await other.claims('shorter', { wait_seconds: 0 })).toEqual([]);
      const { json } = await worker.call('GET', '/executors/shorter');
      return (json?.['workers'] as { worker: string; running: number }[]).some(
        (one) => one.worker === 'w2' && one.running === 1,
      );
    });
    expect((await worker.release(held)).status).toBe(204);
    expect((await other.claim('shorter', { wait_seconds: 10 })).run).toMatchObject({ id, attempt: 2 });
  });

  it('a lease that was made longer is waited for at leisure', async () => {
    const worker = open();
    await worker.put('longer', { lease_seconds: 1 });
    await worker.create('longer');
    await worker.claim('longer');
    await worker.put('longer', { lease_seconds: 60 });
    await worker.claims('longer', { wait_seconds: 2 });
    const before = await commandsSoFar();
    await worker.claims('longer', { wait_seconds: 2 });
    expect((await commandsSoFar()) - before).toBeLessThan(1500);
  });

  it('the same claim is not answered with what was given back, or has ended', async () => {
    const worker = open();
    await worker.put('done');
    for (let i = 0; i < 2; i++) await worker.create('done');
    const claims = await worker.claims('done', { claim_id: 'c', max: 2 });
    await worker.append(claims[0]!, completed());
    await worker.release(claims[1]!, { delay_seconds: 20 });
    expect(await worker.claims('done', { claim_id: 'c', max: 2, wait_seconds: 0 })).toEqual([]);
  });

  it('a claim costs no more when many runs are held', async () => {
    const worker = open();
    await worker.put('held', { lease_seconds: 3600 });
    for (let held = 0; held < 400;) {
      await Promise.all(Array.from({ length: 100 }, () => worker.create('held')));
      held += (await worker.claims('held', { max: 100 })).length;
    }
    await commands.config('RESETSTAT');
    expect(await worker.claims('held', { wait_seconds: 0 })).toEqual([]);
    const stats = await commands.info('commandstats');
    const calls = [...stats.matchAll(/^cmdstat_x(?:autoclaim|claim|pending):calls=(\d+)/gm)];
    expect(calls.reduce((sum, [, count]) => sum + Number(count), 0)).toBeLessThan(10);
  });

  it('whoever asks without waiting is served beside those who wait', async () => {
    const worker = open();
    await worker.put('beside');
    const ids: string[] = [];
    for (let i = 0; i < 40; i++) ids.push(await worker.create('beside'));
    const claims = await Promise.all(ids.map(() => worker.claims('beside', { wait_seconds: 0 })));
    expect(
      claims
        .flat()
        .map(({ run }) => run.id)
        .sort(),
    ).toEqual([...ids].sort());
  });

  it('a claim whose worker went is another’s, and what went on beside it stays whole', async () => {
    const worker = open();
    await worker.put('mixed', { on_crash: 'restart', lease_seconds: 1 });
    const id = await worker.create('mixed');
    const first = await worker.claim('mixed');
    await worker.append(first, line('1.1'));
    const next = await worker.claim('mixed');
    const both = await Promise.all([worker.append(first, line('1.2')), worker.append(next, line('2.1'))]);
    expect(both.map(({ status }) => status)).toEqual([409, 201]);
    await worker.append(next, completed());
    expect(await worker.types(id)).toEqual([
      'lifecycle.started',
      'log.stdout',
      'system.warning',
      'log.stdout',
      'lifecycle.completed',
    ]);
  });

  it('an outage while they wait is answered, and what was held is had and kept afterwards', async () => {
    const worker = open();
    await worker.put('outage', { on_crash: 'restart', lease_seconds: 2 });
    const [id, silent] = [await worker.create('outage'), await worker.create('outage')];
    const claims = await worker.claims('outage', { max: 2 });
    const held = claims.find(({ run }) => run.id === id)!;
    const waiting = worker.claiming('outage', { wait_seconds: 30 });
    await redis.kill();
    expect((await waiting).status).toBe(503);
    await redis.restart();
    await eventually('it renews', async () => (await worker.lease(held)).status === 200);
    const next = new WorkerCalls(one.url, worker.tenant, 'w2').claim('outage', { wait_seconds: 20 });
    await eventually('it is another’s', async () => {
      expect((await worker.lease(held)).status).toBe(200);
      return (await worker.run(silent))['attempt'] === 2;
    });
    expect((await next).run.id).toBe(silent);
    expect((await worker.append(held, completed())).status).toBe(201);
  });
});

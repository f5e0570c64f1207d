import { afterEach, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { uniqueTenant } from '../../test/support/event-store.js';
import { createTestExecutors, type TestExecutors, typeOf } from '../../test/support/executors.js';
import { eventually } from '../../test/support/eventually.js';
import { type RedisServer, startRedis, testRedisUrl } from '../../test/support/redis.js';
import { startTcpProxy } from '../../test/support/tcp-proxy.js';
import { DispatchStore, RunSweep, TENANTS_KEY } from '../event-store/index.js';
import { type Executor, type RunExecution, RunExecutor } from '../executors/index.js';
import { partitionOf } from '../stream-consumer/index.js';
import { ExecutorDispatcher } from './executor-dispatcher.js';

const LEASE_MS = 1000;

/** What is being executed, in all instances of this test. */
const executing: RunExecution[] = [];
const executed: string[] = [];
let release: () => void;
let released: Promise<void>;

/** Holds a run until the test lets it go. */
async function hold(run: RunExecution): Promise<string> {
  executing.push(run);
  await released;
  executing.splice(executing.indexOf(run), 1);
  executed.push(run.id);
  return run.id;
}

@RunExecutor('two', { concurrency: 2, leaseMs: LEASE_MS })
class TwoExecutor implements Executor {
  execute(run: RunExecution): Promise<string> {
    return hold(run);
  }
}

@RunExecutor('many', { concurrency: 50, leaseMs: LEASE_MS })
class ManyExecutor implements Executor {
  execute(run: RunExecution): Promise<string> {
    return hold(run);
  }
}

/** Of a lease so long that nobody else would take its runs over in time for a test. */
@RunExecutor('patient', { leaseMs: 60_000 })
class PatientExecutor implements Executor {
  execute(run: RunExecution): Promise<string> {
    return hold(run);
  }
}

describe('Runs are dispatched to executors', () => {
  const instances: TestExecutors[] = [];
  const start = async (options: Parameters<typeof createTestExecutors>[0] = {}): Promise<TestExecutors> => {
    const instance = await createTestExecutors({
      providers: [TwoExecutor, ManyExecutor, PatientExecutor],
      ...options,
    });
    instances.push(instance);
    return instance;
  };
  const holdAll = () => {
    released = new Promise((resolve) => (release = resolve));
  };
  const createRuns = (instance: TestExecutors, executor: string, n: number) =>
    Promise.all(Array.from({ length: n }, () => instance.createRun(executor)));
  const executingOf = (ids: readonly string[]) => executing.filter(({ id }) => ids.includes(id));
  const begun = (ids: readonly string[], n = ids.length) =>
    eventually(`${n} have begun`, () => executingOf(ids).length === n);
  const allEnded = async (instance: TestExecutors, ids: readonly string[]) => {
    for (const id of ids) expect(await instance.ended(id)).toMatchObject({ status: 'completed', attempt: 1 });
  };

  afterEach(async () => {
    release();
    await Promise.all(instances.splice(0).map((instance) => instance.close()));
    executing.splice(0);
    executed.splice(0);
  });

  it('within milliseconds, also in another process than the one that created it', async () => {
    holdAll();
    release();
    const worker = await start();
    const client = await start({ tenant: worker.tenant, enabled: false });
    await allEnded(client, [await client.createRun('many')]);
    const waits: number[] = [];
    for (let i = 0; i < 20; i++) {
      const { createdAt, startedAt = Infinity } = await client.ended(await client.createRun('many'));
      waits.push(startedAt - createdAt);
    }
    waits.sort((a, b) => a - b);
    // Whoever asked from time to time would need half of the time between.
    expect(waits[10]).toBeLessThan(500);
  });

  it('each once, however many instances there are', async () => {
    holdAll();
    release();
    const worker = await start();
    await start({ tenant: worker.tenant });
    await start({ tenant: worker.tenant });
    const ids = await createRuns(worker, 'many', 200);
    await allEnded(worker, ids);
    expect([...executed].sort()).toEqual([...ids].sort());
  });

  it('no more at once than the executor takes, each executor for itself', async () => {
    holdAll();
    const worker = await start();
    const twos = await createRuns(worker, 'two', 5);
    await begun(twos, 2);
    const manies = await createRuns(worker, 'many', 20);
    await begun(manies);
    expect(executingOf(twos)).toHaveLength(2);

    const other = await start({ tenant: worker.tenant });
    await begun(twos, 4);
    release();
    await allEnded(other, [...twos, ...manies]);
    // Nothing is left of them.
    const keys = worker.store.keys.partition(worker.tenant, 0);
    await eventually('the streams are empty', async () => {
      const lengths = await Promise.all(
        ['two', 'many'].map((name) => worker.redis.commands.xlen(keys.dispatch(name))),
      );
      return lengths.every((length) => length === 0);
    });
  });

  it('what one process read of several tenants beyond its room goes to another', async () => {
    holdAll();
    const client = await start({ enabled: false });
    const tenants = [client.tenant, ...Array.from({ length: 7 }, uniqueTenant)];
    const ids: string[] = [];
    for (const tenant of tenants) {
      const { run } = await client.runs.create(tenant, {
        executor: 'two',
        task: 'x',
        input: {},
        labels: {},
        context: {
          session_id: null,
          epic_id: null,
          task_id: null,
          git_sha: null,
          mode: null,
          artifact_paths: [],
        },
      });
      ids.push(run.id);
    }
    await start({ tenants });
    await begun(ids, 2);
    await start({ tenants });
    await begun(ids, 4);
    release();
    await eventually('all were executed', () => ids.every((id) => executed.includes(id)));
    expect(executed.filter((id) => ids.includes(id))).toHaveLength(8);
  });

  it('T44 also those whose delivery was lost with the connection', async () => {
    holdAll();
    release();
    const { port } = new URL(testRedisUrl());
    const proxy = await startTcpProxy(Number(port));
    const url = new URL(testRedisUrl());
    url.port = String(proxy.port);
    const worker = await start({ url: url.href });
    const client = await start({ tenant: worker.tenant, enabled: false });
    await allEnded(client, [await client.createRun('patient')]);
    const { running } = worker.app.get(ExecutorDispatcher, { strict: false });
    const { finder } = running.find(({ name }) => name === 'executor:patient')!;
    await eventually('it rests', () => finder.counts.visits >= 2 && finder.counts.running === 0);

    proxy.swallowAnswers();
    const ids = await createRuns(client, 'patient', 5);
    await eventually('some were delivered, and nobody heard', async () => {
      // No signal gets through; and a visit that was under way may have looked before they were there.
      finder.visitIn(partitionOf(worker.tenant), 0);
      const stream = client.store.keys.partition(client.tenant, 0).dispatch('patient');
      const [pending] = (await client.redis.commands.xpending(stream, 'executors')) as [number];
      return pending > 0;
    });
    proxy.cut();
    await allEnded(client, ids);
    await worker.close();
    instances.splice(instances.indexOf(worker), 1);
    await proxy.close();
  });

  it('T46 and processes that are gone are forgotten once they hold nothing', async () => {
    holdAll();
    const worker = await start();
    const ids = await createRuns(worker, 'many', 1);
    await begun(ids);
    const source = { tenantId: worker.tenant, executor: 'many' };
    const stream = worker.store.keys.partition(worker.tenant, 0).dispatch('many');
    const consumers = async () =>
      ((await worker.redis.commands.xinfo('CONSUMERS', stream, 'executors')) as unknown[]).length;
    await worker.redis.commands.xgroup('CREATECONSUMER', stream, 'executors', 'gone');
    expect(await consumers()).toBe(2);
    await delay(5);
    await worker.app.get(DispatchStore).forgetConsumers(source, 0);
    expect(await consumers()).toBe(1);
    expect((await worker.redis.commands.xpending(stream, 'executors'))[0]).toBe(1);
  });

  it('T74 and taking up whose answer was lost is answered the same again', async () => {
    holdAll();
    const client = await start({ enabled: false });
    const source = { tenantId: client.tenant, executor: 'many' };
    const dispatch = client.app.get(DispatchStore);
    const id = await client.createRun('many');
    await dispatch.ensureGroup(source);
    const [entry] = await dispatch.take(source, 'a', 1);
    const onLost = () => ({ event: { category: 'lifecycle', action: 'failed' } });
    const takeUp = (consumer: string, patient: boolean) =>
      dispatch.takeUp(entry!, { consumer, leaseMs: 60_000, patient, onLost });

    expect(await takeUp('b', true)()).toEqual({ kind: 'lost' });
    const once = takeUp('a', true);
    const first = await once();
    expect(first).toMatchObject({ kind: 'taken', taken: { fence: 1, run: { attempt: 1 } } });
    expect(await once()).toMatchObject({ kind: 'taken', taken: { fence: 1, run: { attempt: 1 } } });
    expect(await takeUp('a', true)()).toEqual({ kind: 'held' });
    expect((await client.events(id)).map(typeOf)).toEqual(['lifecycle.started']);
  });

  describe('when Redis loses what it knew of them', () => {
    const withRedis = async (test: (redis: RedisServer, worker: TestExecutors) => Promise<void>) => {
      const redis = await startRedis();
      try {
        await test(redis, await start({ url: redis.url }));
      } finally {
        release();
        await Promise.all(instances.splice(0).map((instance) => instance.close()));
        await redis.stop();
      }
    };

    it('T45 the group is made again, and a run that is being executed is not executed twice', () =>
      withRedis(async ({ url }, worker) => {
        holdAll();
        const ids = await createRuns(worker, 'many', 1);
        await begun(ids);
        const { tenant } = worker;
        const other = await start({ url, tenant });
        await worker.redis.commands.xgroup(
          'DESTROY',
          worker.store.keys.partition(tenant, 0).dispatch('many'),
          'executors',
        );
        // Longer than the lease: it is handed out anew, perhaps to the other, and found to be held.
        await delay(2 * LEASE_MS);
        const stream = worker.store.keys.partition(tenant, 0).dispatch('many');
        const silent = await worker.redis.commands.xpending(
          stream,
          'executors',
          'IDLE',
          LEASE_MS,
          '-',
          '+',
          9,
        );
        expect(silent).toEqual([]);
        const more = await createRuns(other, 'many', 3);
        await begun([...ids, ...more]);
        release();
        await allEnded(worker, [...ids, ...more]);
        expect(executed).toHaveLength(4);
      }));

    it('T45 all of it: new runs are executed', () =>
      withRedis(async (redis, worker) => {
        holdAll();
        release();
        await allEnded(worker, [await worker.createRun('many')]);
        const other = new Redis(redis.url);
        await other.flushall();
        other.disconnect();
        await allEnded(worker, await createRuns(worker, 'many', 3));
        expect(await worker.redis.commands.exists(TENANTS_KEY)).toBe(1);
      }));

    it('a run whose dispatch was lost is dispatched again, one that is being executed goes on', () =>
      withRedis(async (_, worker) => {
        holdAll();
        const ids = await createRuns(worker, 'two', 3);
        await begun(ids, 2);
        await worker.redis.commands.del(worker.store.keys.partition(worker.tenant, 0).dispatch('two'));
        expect(await worker.app.get(RunSweep).findLost(worker.tenant)).toMatchObject({ dispatched: 3 });
        expect(await worker.app.get(RunSweep).findLost(worker.tenant)).toMatchObject({ dispatched: 0 });
        // Longer than the lease: who executes them must have said so of the new entries.
        await delay(2 * LEASE_MS);
        release();
        await allEnded(worker, ids);
        expect(executed.sort()).toEqual(ids.sort());
      }));
  });
});

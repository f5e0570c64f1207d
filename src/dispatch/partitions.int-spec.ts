import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.js';
import { createTestExecutors, type TestExecutors } from '../../test/support/executors.js';
import { spreadOver } from '../../test/support/partitions.js';
import { DispatchStanding, EventStore, partitionOfRun, RunStore, RunSweep } from '../event-store/index.js';
import { type Executor, type RunExecution, RunExecutor } from '../executors/index.js';
import { RedisConnections } from '../redis/index.js';

const LEASE_MS = 1000;
let release: () => void;
let released: Promise<void>;
const executing: string[] = [];

@RunExecutor('spread', { concurrency: 50, leaseMs: LEASE_MS })
class SpreadExecutor implements Executor {
  async execute({ id }: RunExecution): Promise<string> {
    executing.push(id);
    await released;
    return id;
  }
}

describe('T288 runs in several partitions', () => {
  const instances: TestExecutors[] = [];
  afterEach(async () => {
    await Promise.all(instances.splice(0).map((instance) => instance.close()));
  });

  it('are executed once each, keep their leases for as long as they take, and are counted together', async () => {
    released = new Promise((resolve) => (release = resolve));

    const instance = await createTestExecutors({ providers: [SpreadExecutor] });
    instances.push(instance);
    const { app, tenant } = instance;
    const [store, redis, runs] = [app.get(EventStore), app.get(RedisConnections), app.get(RunStore)];
    await spreadOver({ store, redis, tenant }, 4);
    const made: string[] = [];
    // Chance may leave one of them out.
    while (made.length < 24 || new Set(made.map(partitionOfRun)).size < 4)
      made.push((await runs.create(tenant, { executor: 'spread', task: 'x' })).run.id);
    await eventually('all are executed', () => executing.length >= made.length);
    expect(await app.get(DispatchStanding).countRuns({ tenantId: tenant, executor: 'spread' })).toEqual({
      running: made.length,
      pending: 0,
    });
    // Several leases later all are kept. One that comes late on a busy machine is renewed all the same.
    const sweep = app.get(RunSweep);
    const until = Date.now() + 3 * LEASE_MS;
    await eventually('some leases are over', () => Date.now() > until);
    for (const partition of store.partitions.of(tenant))
      await eventually(
        'none is lapsed',
        async () => (await sweep.findLost(tenant, partition)).lapsed.length === 0,
      );
    release();
    for (const id of made)
      await eventually('it has ended', async () => (await runs.get(tenant, id)).status === 'completed');
    expect([...executing].sort()).toEqual([...made].sort());
    for (const partition of store.partitions.of(tenant)) {
      const stream = store.keys.partition(tenant, partition).dispatch('spread');
      await eventually('nothing is left', async () => (await redis.commands.xlen(stream)) === 0);
    }
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Child, startScript } from '../support/child.js';
import { createTestExecutors, type TestExecutors, typeOf } from '../support/executors.js';
import { eventually } from '../support/eventually.js';
import { type RedisServer, startRedis } from '../support/redis.js';

const SCRIPT = 'test/support/executor-process.ts';

describe('A run that kills its process', () => {
  let redis: RedisServer;
  let client: TestExecutors;
  let child: Child | undefined;
  let isOver = false;
  let supervised: Promise<void>;

  beforeAll(async () => {
    redis = await startRedis({ appendOnly: true });
    client = await createTestExecutors({ url: redis.url, enabled: false });
    await eventually('Redis is up for a lease', () => client.redis.hasBeenSteadyFor(1000, 'any'));
  });
  afterAll(async () => {
    isOver = true;
    child?.process.kill('SIGKILL');
    await supervised;
    await client.close();
    await redis.stop();
  });

  /** Starts a process again whenever it has died, as a supervisor does. */
  const supervise = async (): Promise<void> => {
    while (!isOver) {
      child = startScript(SCRIPT, [redis.url, client.tenant]);
      await child.exit();
    }
  };

  it('T209 fails after the limit, alone: those beside it complete', async () => {
    const good = await Promise.all([1, 2, 3, 4].map(() => client.createRun('sturdy', { ms: 1500 })));
    const killer = await client.createRun('killer');
    supervised = supervise();
    await eventually(
      'the killer has ended',
      async () => (await client.runs.get(client.tenant, killer)).status === 'failed',
      150_000,
    );
    expect(await client.ended(killer)).toMatchObject({
      status: 'failed',
      error: 'executor lost',
      attempt: 5,
    });
    const last = (await client.events(killer)).at(-1);
    expect(typeOf(last!)).toBe('lifecycle.failed');
    expect(last?.data).toMatchObject({ details: { reason: expect.stringContaining('5 times') } });
    for (const id of good) expect(await client.ended(id)).toMatchObject({ status: 'completed' });
  }, 200_000);
});

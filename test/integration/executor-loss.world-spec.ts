import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunRecord } from '../../src/event-store/index.js';
import type { RecordedEvent } from '../../src/events/index.js';
import { startApplication, type TestApplication } from '../support/application.js';
import { type Child, startScript } from '../support/child.js';
import { createTestExecutors, type TestExecutors, typeOf } from '../support/executors.js';
import { eventually } from '../support/eventually.js';
import { type RedisServer, startRedis } from '../support/redis.js';

const SCRIPT = 'test/support/executor-process.ts';
/** Of both executors in that process. */
const LEASE_MS = 1000;

describe('A run whose process is lost', () => {
  let redis: RedisServer;
  /** Executes nothing: it creates runs, and looks. */
  let client: TestExecutors;
  const processes: Child[] = [];

  beforeAll(async () => {
    redis = await startRedis({ appendOnly: true });
    client = await createTestExecutors({ url: redis.url, enabled: false });
    // Nobody is taken for lost so soon after the start of Redis.
    await eventually('Redis is up for a lease', () => client.redis.hasBeenSteadyFor(LEASE_MS, 'any'));
  });
  afterAll(async () => {
    await Promise.all(processes.map(kill));
    await client.close();
    await redis.stop();
  });

  const startProcess = async (): Promise<Child> => {
    const child = startScript(SCRIPT, [redis.url, client.tenant]);
    processes.push(child);
    await child.line(/^ready/);
    return child;
  };
  const kill = async (child: Child): Promise<void> => {
    child.process.kill('SIGKILL');
    await child.exit();
  };
  const isAlive = ({ process: { exitCode, signalCode } }: Child) => exitCode === null && signalCode === null;
  /**
   * Starts a run on one of two processes, what is left of earlier ones among them: which it is, and the other. Its first
   * attempt is not done before something happens to it, however busy the machine is; `ms` is how long another one takes.
   */
  const startRun = async (executor: string, { firstMs = 60_000, ms = 600 } = {}) => {
    const alive = processes.filter(isAlive);
    const [a, b] = await Promise.all([alive[0] ?? startProcess(), alive[1] ?? startProcess()]);
    const id = await client.createRun(executor, { firstMs, ms });
    await eventually('it says something', async () => (await linesOf(id)).length > 1);
    const isOnA = a.lines.some((line) => line.startsWith(`executes ${id}`));
    return isOnA ? { id, owner: a, other: b } : { id, owner: b, other: a };
  };
  const linesOf = async (id: string): Promise<string[]> =>
    (await client.events(id))
      .filter((event) => typeOf(event) === 'log.stdout')
      .map(({ data }) => String(data['line']));
  const typesOf = (events: RecordedEvent[]) => [...new Set(events.map(typeOf))];
  const withoutTime = ({ status, error, attempt, result }: RunRecord) => ({ status, error, attempt, result });

  it('T26 is executed once a process is there, when none was', async () => {
    const waiting = await client.createRun('sturdy', { ms: 1 });
    const child = await startProcess();
    expect(await client.ended(waiting)).toMatchObject({ status: 'completed', result: child.pid });
  });

  it('T26 fails with "executor lost" when its process is killed', async () => {
    const { id, owner, other } = await startRun('fragile');
    const killedAt = Date.now();
    await kill(owner);
    const run = await client.ended(id);
    expect(withoutTime(run)).toEqual({ status: 'failed', error: 'executor lost', attempt: 1, result: null });
    expect(Date.now() - killedAt).toBeGreaterThan(LEASE_MS / 2);
    // Long before the run itself would have ended, however busy the machine is.
    expect(Date.now() - killedAt).toBeLessThan(30_000);
    expect(other.lines.filter((line) => line.startsWith(`executes ${id}`))).toEqual([]);
    // The log of an ended run expires.
    expect(run.expiresAt).toBeGreaterThan(Date.now());
  });

  it('T26 is started again in another process, and the log says so', async () => {
    const { id, owner, other } = await startRun('sturdy');
    await kill(owner);
    const run = await client.ended(id);
    expect(withoutTime(run)).toEqual({ status: 'completed', error: null, attempt: 2, result: other.pid });
    const events = await client.events(id);
    expect(typesOf(events)).toEqual([
      'lifecycle.started',
      'log.stdout',
      'system.warning',
      'lifecycle.completed',
    ]);
    expect(events.find((event) => typeOf(event) === 'system.warning')?.data).toMatchObject({
      message: expect.stringContaining('attempt 2'),
      attempt: 2,
    });
  });

  it('T26 is restarted when all processes were killed, by the next one', async () => {
    const { id, owner, other } = await startRun('sturdy');
    await Promise.all([owner, other].map(kill));
    const next = await startProcess();
    expect(await client.ended(id)).toMatchObject({ status: 'completed', attempt: 2, result: next.pid });
  });

  it('T26 fails when no process has its executor any more, though only the API is left', async () => {
    const { id, owner, other } = await startRun('sturdy');
    await Promise.all([owner, other].map(kill));
    const service = await startApplication({
      redis: { url: redis.url },
      tenancy: { enabled: true, allowedTenants: [client.tenant] },
      executors: { enabled: false },
      runs: { sweepMs: 200, executorAbsentMs: 2000 },
    });
    const run = await client.ended(id);
    expect(withoutTime(run)).toEqual({ status: 'failed', error: 'executor lost', attempt: 1, result: null });
    await service.close();
  });

  it('T26 goes on elsewhere at once when its process shuts down, if it may be restarted', async () => {
    const { id, owner, other } = await startRun('sturdy');
    const shutAt = Date.now();
    owner.process.kill('SIGTERM');
    await other.line(new RegExp(`executes ${id} attempt 2`));
    // A second for the executor to finish; to be taken for lost would take longer than the run.
    expect(Date.now() - shutAt).toBeLessThan(30_000);
    expect(await owner.exit()).toBe(0);
    expect(await client.ended(id)).toMatchObject({ status: 'completed', attempt: 2, result: other.pid });
  });

  it.each(['fragile', 'sturdy'])(
    'T68 a process that was frozen for longer than the lease writes nothing after it woke up (%s)',
    async (executor) => {
      const { id, owner } = await startRun(executor);
      owner.process.kill('SIGSTOP');
      const before = await client.runs.get(client.tenant, id);
      await eventually('somebody noticed', async () => {
        const { status, sequence } = await client.runs.get(client.tenant, id);
        return status === 'failed' || sequence > before.sequence + 1;
      });
      owner.process.kill('SIGCONT');
      await owner.line(new RegExp(`aborted ${id} (taken_over|ended)`));
      const run = await client.ended(id);
      // It is at it for some more time, unheard.
      await delay(300);

      const events = await client.events(id);
      const change = events.findIndex((event) =>
        ['system.warning', 'lifecycle.failed'].includes(typeOf(event)),
      );
      const late = events
        .slice(change)
        .filter(({ data }) => String(data['line']).startsWith(`${owner.pid} `));
      expect(change).toBeGreaterThan(0);
      expect(late).toEqual([]);
      expect(run).toMatchObject(
        executor === 'fragile'
          ? { status: 'failed', error: 'executor lost' }
          : { status: 'completed', attempt: 2 },
      );
      if (executor === 'sturdy') expect(run.result).not.toBe(owner.pid);
      expect((await client.runs.get(client.tenant, id)).sequence).toBe(events.length);
    },
  );

  it('T71 is not taken for lost because Redis was away for longer than the lease', async () => {
    const lease = 4000;
    const { id, owner } = await startRun('patient', { firstMs: 12_000 });
    // It comes back later than the other, and after the lease, but within one lease of the return of Redis.
    owner.process.kill('SIGSTOP');
    await redis.kill();
    await delay(lease + 500);
    await redis.restart();
    await delay(lease - 1500);
    owner.process.kill('SIGCONT');
    const run = await client.ended(id);
    expect([run.error, run]).toMatchObject([null, { status: 'completed', attempt: 1, result: owner.pid }]);
  });
});

describe('A run whose producer is lost', () => {
  const OPTIONS = {
    events: { runIdleTimeoutSeconds: 1 },
    runs: { sweepMs: 200 },
    executors: { enabled: false },
    consumer: { enabled: false },
  };
  let redis: RedisServer;
  let services: TestApplication[];
  const request = async (path: string, json?: unknown) => {
    const [service] = services;
    const response = await fetch(`${service?.url ?? ''}${path}`, {
      ...(json !== undefined && {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(json),
      }),
    });
    return (await response.json()) as Record<string, unknown> & { id: string };
  };
  const line = { event: { category: 'log', action: 'stdout' }, data: { line: 'x' } };

  beforeAll(async () => {
    redis = await startRedis();
    services = await Promise.all(
      [1, 2].map(() => startApplication({ redis: { url: redis.url }, ...OPTIONS })),
    );
  });
  afterAll(async () => {
    await Promise.all(services.map((service) => service.close()));
    await redis.stop();
  });

  it('T70 ends after the idle time, once, also with processes that only serve the API', async () => {
    const idle = await request('/runs', { task: 'idle' });
    const busy = await request('/runs', { task: 'busy' });
    let ended: Record<string, unknown> = {};
    await eventually('the idle one has ended', async () => {
      await request(`/runs/${busy.id}/events`, line);
      ended = await request(`/runs/${idle.id}`);
      return ended['status'] !== 'running';
    });
    expect(ended).toMatchObject({ status: 'failed', error: 'producer lost', sequence: 2 });
    expect(await request(`/runs/${busy.id}`)).toMatchObject({ status: 'running' });
    const late = await request(`/runs/${idle.id}/events`, line);
    expect(late).toMatchObject({ code: 'RUN_ENDED' });
  });
});

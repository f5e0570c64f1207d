import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startChild } from '../support/child.js';
import { createTestStore, type TestStore } from '../support/event-store.js';
import { eventually } from '../support/eventually.js';
import { startRedis } from '../support/redis.js';
import { compileProgram } from './compile.js';
import { Truth } from './truth.js';
import { SHARED_GROUP, taskEvent, type WorkerConfig } from './workload.js';

const PENDING = 1000;
const EVENTS = 200_000;
const BATCH = 500;
const EVENTS_PER_RUN = 5000;
const LONG_MS = 600_000;
/** Answers to batches of outcomes are remembered for 120 s. */
const ANSWERS_GONE_MS = 125_000;

const compiled = await compileProgram('test/faults/worker.ts');
const directory = await mkdtemp(join(tmpdir(), 'runstream-measure-'));
const redis = await startRedis();
const store = await createTestStore({ url: redis.url, commandTimeoutMs: 10_000 });
const run = (config: Pick<WorkerConfig, 'name' | 'leaseMs' | 'mode' | 'concurrency'>) =>
  startChild(process.execPath, [
    compiled.program,
    JSON.stringify({
      redis: { url: redis.url },
      historyFile: join(directory, 'history.ndjson'),
      maxAttempts: 5,
      effectRuns: [],
      ...config,
    } satisfies WorkerConfig),
  ]);
try {
  for (const leaseMs of [1500, 5000]) await measureRecovery(leaseMs);
  await measureMemory(false);
  await measureMemory(true);
} finally {
  await store.close();
  await redis.stop();
  await compiled.remove();
  await rm(directory, { recursive: true, force: true });
}
process.exit(0);

/** One process holds 1000 events, all begun, and is killed; another one, which is up, takes them over. */
async function measureRecovery(leaseMs: number): Promise<void> {
  const scene = await fresh();
  const dying = run({ name: 'dying', leaseMs, mode: 'hang', concurrency: PENDING });
  await dying.line(/^ready$/);
  await append(scene, PENDING, false);
  const { journal } = scene.store.keys.partition(scene.tenant, 0);
  const { entries } = scene.store.keys.group(scene.tenant, 0, SHARED_GROUP).state('journal');
  const begun = async (): Promise<boolean> => (await scene.redis.commands.hlen(entries)) === PENDING;
  await eventually('all are begun', begun, LONG_MS);
  const other = run({ name: 'other', leaseMs, mode: 'nothing' });
  await other.line(/^ready$/);
  await delay(leaseMs); // it has been there for a while, and has found nothing
  const killedAt = performance.now();
  dying.process.kill('SIGKILL');
  await eventually(
    'all are handled',
    async () => ((await scene.redis.commands.xpending(journal, SHARED_GROUP)) as [number])[0] === 0,
    LONG_MS,
  );
  const tookMs = performance.now() - killedAt;
  print(
    `recovery of ${PENDING} pending entries after SIGKILL, lease ${leaseMs} ms: ${tookMs.toFixed(0)} ms, ` +
      `${(tookMs - leaseMs).toFixed(0)} ms without the lease`,
  );
  other.process.kill('SIGTERM');
  await other.exit();
}

/** What is left in Redis of events that were handled, beside the events themselves. */
async function measureMemory(keyed: boolean): Promise<void> {
  const scene = await fresh();
  const { commands } = scene.redis;
  await append(scene, EVENTS, keyed);
  const [before, keysBefore] = [await usedMemory(scene), await commands.dbsize()];
  const worker = run({ name: 'worker', leaseMs: 60_000, mode: 'nothing', concurrency: 100 });
  const truth = new Truth(scene);
  await eventually('all are handled', () => truth.isSettled(SHARED_GROUP).catch(() => false), LONG_MS);
  worker.process.kill('SIGTERM');
  await worker.exit();
  const atOnce = await usedMemory(scene);
  await delay(ANSWERS_GONE_MS);
  const [after, keysAfter] = [await usedMemory(scene), await commands.dbsize()];
  const perMillion = (bytes: number): string => `${(((bytes / EVENTS) * 1e6) / 1024 / 1024).toFixed(1)} MiB`;
  print(
    `${EVENTS} events ${keyed ? 'with' : 'without'} keys of their producer, handled by one group: used_memory ` +
      `${before} before, ${atOnce} after, ${after} two minutes later; keys ${keysBefore} before, ${keysAfter} after. ` +
      `For a million that is ${perMillion(atOnce - before)}, and ${perMillion(after - before)} (extrapolated).`,
  );
}

async function fresh(): Promise<TestStore> {
  await store.redis.commands.flushall();
  return store;
}

async function append(scene: TestStore, count: number, keyed: boolean): Promise<void> {
  let runId = await scene.createRun();
  for (let n = 0; n < count; n += BATCH) {
    if (n % EVENTS_PER_RUN === 0) runId = await scene.createRun();
    const batch = Array.from({ length: Math.min(BATCH, count - n) }, (_, i) =>
      taskEvent(
        { n: n + i, takesMs: 0, failures: 0, poisons: null },
        'stdout',
        keyed ? `task-${n + i}` : undefined,
      ),
    );
    await scene.store.append(scene.tenant, runId, batch);
  }
}

async function usedMemory({ redis: { commands } }: TestStore): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await commands.info('memory'))?.[1]);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

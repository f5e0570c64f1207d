import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RedisTopology } from '../../src/redis/index.js';
import { createTestStore, NO_TENANCY } from '../support/event-store.js';
import { eventually } from '../support/eventually.js';
import { type RedisBed, startRedisBed } from '../support/redis-bed.js';
import { SeededRandom } from '../support/seeded-random.js';
import type { FaultHistory, Silence } from './checker.js';
import { compileProgram } from './compile.js';
import { type HistoryLine, readHistory } from './history-file.js';
import { Producer } from './producer.js';
import { Truth } from './truth.js';
import { ORDERED_GROUP, SHARED_GROUP } from './workload.js';
import { WorkerPool } from './worker-pool.js';

export interface FaultSceneOptions {
  /** Default: one server. */
  topology?: RedisTopology;
  /** Whether keys name the tenant. Default: true. */
  tenancy?: boolean;
  seed: number;
  leaseMs: number;
  /** Consumer processes. */
  workers: number;
  /** Runs that events go to. */
  runs: number;
  /** Default 8: whatever takes long is killed and stopped a few times in any schedule, and must survive it. */
  maxAttempts?: number;
  /** Actions of `log` that are produced. Default: `stdout`. */
  actions?: readonly string[];
}

/** Servers of its own, consumer processes, a producer, and what they leave behind. */
export interface FaultScene {
  bed: RedisBed;
  /** A key beside all those that the scene is about. */
  key: string;
  producer: Producer;
  pool: WorkerPool;
  /** What the workers have written down so far. */
  lines(): Promise<HistoryLine[]>;
  /** Waits until every worker is up and every group has settled everything, and ends the workers. */
  finish(): Promise<FaultHistory>;
  close(): Promise<void>;
}

const EFFECT_RUNS = 20;
/** A limit for what hangs: beside busy neighbours leases run out again and again. */
const SETTLED_WITHIN_MS = 180_000;

export async function openFaultScene(options: FaultSceneOptions): Promise<FaultScene> {
  const { topology = 'single', tenancy = true, seed, leaseMs, workers, runs, actions } = options;
  const { maxAttempts = 8 } = options;
  const directory = await mkdtemp(join(tmpdir(), 'runstream-faults-'));
  const historyFile = join(directory, 'history.ndjson');
  const compiled = await compileProgram('test/faults/worker.ts');
  const bed = await startRedisBed(topology, { appendOnly: true });
  const store = await createTestStore({
    redis: bed.options,
    commandTimeoutMs: 1000,
    ...(!tenancy && NO_TENANCY),
  });
  const producer = new Producer(store, new SeededRandom(seed), leaseMs, actions);
  await producer.createRuns(runs);
  const effectRuns: string[] = [];
  for (let i = 0; i < EFFECT_RUNS; i++) effectRuns.push(await store.createRun());
  const pool = new WorkerPool(workers, compiled.program, {
    redis: bed.options,
    tenancy,
    historyFile,
    leaseMs,
    maxAttempts,
    effectRuns,
  });
  const truth = new Truth(store);
  const lines = (): Promise<HistoryLine[]> => readHistory(historyFile);
  return {
    bed,
    key: store.store.keys.partition(store.tenant, 0).journal,
    producer,
    pool,
    lines,
    finish: async () => {
      await pool.allUp();
      for (const group of [SHARED_GROUP, ORDERED_GROUP]) {
        await eventually(
          `the group "${group}" has settled everything`,
          () => truth.isSettled(group).catch(() => false),
          SETTLED_WITHIN_MS,
        ).catch(async (error: unknown) => {
          throw new Error(`${await truth.describe(group)}\n${pool.lastWords().join('\n')}`, { cause: error });
        });
      }
      await pool.close();
      const { attempts, silences } = readAttempts(await lines(), pool.ends);
      return {
        leaseMs,
        groups: [
          { name: SHARED_GROUP, ordered: false },
          { name: ORDERED_GROUP, ordered: true },
        ],
        events: await truth.events(producer.runs),
        commits: await truth.commits(effectRuns),
        dead: await truth.dead([SHARED_GROUP, ORDERED_GROUP]),
        attempts,
        silences: [...silences, ...pool.silences],
      };
    },
    close: async () => {
      await pool.close();
      await store.close();
      await bed.stop();
      await compiled.remove();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function readAttempts(
  lines: readonly HistoryLine[],
  ends: ReadonlyMap<string, number>,
): Pick<FaultHistory, 'attempts' | 'silences'> {
  const nameOf = (line: Extract<HistoryLine, { group: string }>): string =>
    `${line.worker} ${line.group} ${line.event} ${line.token}`;
  const endedAt = new Map<string, number>();
  const silences: Silence[] = [];
  for (const line of lines) {
    if (line.kind === 'end') endedAt.set(nameOf(line), line.at);
    if (line.kind === 'stall') silences.push({ worker: line.worker, from: line.from, to: line.at });
  }
  const attempts = lines
    .filter((line) => line.kind === 'begin')
    .map((line) => ({
      group: line.group,
      event: line.event,
      worker: line.worker,
      token: line.token,
      beganAt: line.at,
      endedAt: endedAt.get(nameOf(line)) ?? ends.get(line.worker) ?? Number.POSITIVE_INFINITY,
    }));
  return { attempts, silences };
}

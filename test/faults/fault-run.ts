import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createTestStore } from '../support/event-store.js';
import { eventually } from '../support/eventually.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { SeededRandom } from '../support/seeded-random.js';
import { compileWorker } from './compile.js';
import { checkHistory, type FaultHistory, type Silence, type Violation } from './checker.js';
import { type HistoryLine, now, readHistory } from './history-file.js';
import { Producer } from './producer.js';
import { Truth } from './truth.js';
import { ORDERED_GROUP, SHARED_GROUP } from './workload.js';
import { WorkerPool } from './worker-pool.js';

export interface FaultOptions {
  seed: number;
  /** Default 20 000. */
  events?: number;
  /** How long events are produced and faults happen. Default 40. */
  seconds?: number;
  /** Default 1500. */
  leaseMs?: number;
  /** Consumer processes. Default 3. */
  workers?: number;
}

export interface FaultReport {
  seed: number;
  events: number;
  kills: number;
  /** Processes that poison killed. */
  poisoned: number;
  stops: number;
  /** Attempts after the first of each event. */
  retries: number;
  dead: number;
  seconds: number;
  violations: Violation[];
  /** What workers printed: warnings and errors. */
  output: string[];
  history: FaultHistory;
}

const EVENTS_PER_RUN = 100;
const EFFECT_RUNS = 20;
/** Clients find a server that is back after so long at most. */
const RECONNECT_MS = 1500;
const SETTLED_WITHIN_MS = 60_000;

/**
 * Runs consumer processes through a schedule of faults that follows from the seed: SIGKILL, SIGSTOP for longer than the
 * lease, and a power cut of Redis in the middle; then lets them finish, and checks what came of it.
 */
export async function runFaults(options: FaultOptions): Promise<FaultReport> {
  const { seed, events = 20_000, seconds = 40, leaseMs = 1500, workers = 3 } = options;
  const startedAt = performance.now();
  const directory = await mkdtemp(join(tmpdir(), 'runstream-faults-'));
  const historyFile = join(directory, 'history.ndjson');
  const compiled = await compileWorker();
  const redis = await startRedis({ appendOnly: true });
  const store = await createTestStore({ url: redis.url, commandTimeoutMs: 1000 });
  const random = new SeededRandom(seed);
  const producer = new Producer(store, new SeededRandom(seed + 1), leaseMs);
  await producer.createRuns(Math.max(10, Math.round(events / EVENTS_PER_RUN)));
  const effectRuns: string[] = [];
  for (let i = 0; i < EFFECT_RUNS; i++) effectRuns.push(await store.createRun());
  const pool = new WorkerPool(workers, compiled.program, {
    redisUrl: redis.url,
    historyFile,
    leaseMs,
    maxAttempts: 5,
    effectRuns,
  });
  try {
    await pool.start();
    const producing = producer.produce(events, seconds * 1000);
    const over = performance.now() + seconds * 1000;
    await disturb(pool, redis, random, leaseMs, over);
    await producing;
    await pool.allUp();
    const truth = new Truth(store);
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
    const history: FaultHistory = {
      leaseMs,
      groups: [
        { name: SHARED_GROUP, ordered: false },
        { name: ORDERED_GROUP, ordered: true },
      ],
      events: await truth.events(producer.runs),
      commits: await truth.commits(effectRuns),
      dead: await truth.dead([SHARED_GROUP, ORDERED_GROUP]),
      ...readAttempts(await readHistory(historyFile), pool.ends),
    };
    history.silences.push(...pool.silences);
    const firsts = new Set(history.attempts.map(({ group, event }) => `${group} ${event}`));
    return {
      seed,
      events,
      kills: pool.kills,
      poisoned: pool.deaths,
      stops: pool.stops,
      retries: history.attempts.length - firsts.size,
      dead: history.dead.length,
      seconds: Math.round((performance.now() - startedAt) / 1000),
      violations: checkHistory(history),
      output: pool.output,
      history,
    };
  } finally {
    await pool.close();
    await store.close();
    await redis.stop();
    await compiled.remove();
    await rm(directory, { recursive: true, force: true });
  }
}

async function disturb(
  pool: WorkerPool,
  redis: RedisServer,
  random: SeededRandom,
  leaseMs: number,
  until: number,
): Promise<void> {
  const middle = performance.now() + (until - performance.now()) / 2;
  let isRestarted = false;
  while (performance.now() < until) {
    await delay(Math.min(random.integer(400, 2000), Math.max(until - performance.now(), 0)));
    if (!isRestarted && performance.now() > middle) {
      isRestarted = true;
      const silence: Silence = { from: now(), to: Number.POSITIVE_INFINITY };
      pool.silences.push(silence);
      await redis.kill();
      await delay(random.integer(0, leaseMs * 2));
      await redis.restart();
      silence.to = now() + RECONNECT_MS;
      continue;
    }
    const { running } = pool;
    const slot = running[random.integer(0, running.length - 1)];
    const isKill = random.next() < 0.5;
    if (slot === undefined) continue;
    if (isKill) pool.kill(slot);
    else pool.stopFor(slot, random.integer(Math.round(leaseMs * 1.2), leaseMs * 3));
  }
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

import { setTimeout as delay } from 'node:timers/promises';
import type { RedisTopology } from '../../src/redis/index.js';
import { eventually } from '../support/eventually.js';
import { SeededRandom } from '../support/seeded-random.js';
import { checkHistory, type FaultHistory, type Silence, type Violation } from './checker.js';
import { type FaultScene, openFaultScene } from './fault-scene.js';
import { now } from './history-file.js';

export interface FaultOptions {
  seed: number;
  /** Default: one server. */
  topology?: RedisTopology;
  /** Whether keys name the tenant. Default: true. */
  tenancy?: boolean;
  /** Default 20 000. */
  events?: number;
  /** How long events are produced and faults happen. Default 40. */
  seconds?: number;
  /** Default 1500. */
  leaseMs?: number;
  /** Consumer processes. Default 3. */
  workers?: number;
  /** Of each event. Default: the scene's. Poison ends a process at each. */
  maxAttempts?: number;
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
/** Clients find a server that is back after so long at most. */
const RECONNECT_MS = 1500;

/**
 * Runs consumer processes through a schedule of faults that follows from the seed: SIGKILL, SIGSTOP for longer than the
 * lease, and a power cut of Redis, or of its master, in the middle; then lets them finish, and checks what came of it.
 */
export async function runFaults(options: FaultOptions): Promise<FaultReport> {
  const { seed, events = 20_000, seconds = 40, leaseMs = 1500, workers = 3, maxAttempts } = options;
  const startedAt = performance.now();
  const runs = Math.max(10, Math.round(events / EVENTS_PER_RUN));
  const scene = await openFaultScene({
    ...{ seed: seed + 1, leaseMs, workers, runs },
    ...(options.topology && { topology: options.topology }),
    ...(options.tenancy !== undefined && { tenancy: options.tenancy }),
    ...(maxAttempts !== undefined && { maxAttempts }),
  });
  const { producer, pool } = scene;
  try {
    await pool.start();
    const producing = producer.produce(events, seconds * 1000);
    await disturb(scene, new SeededRandom(seed), leaseMs, performance.now() + seconds * 1000);
    await producing;
    const history = await scene.finish();
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
    await scene.close();
  }
}

async function disturb(
  { pool, bed, key }: FaultScene,
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
      const master = await bed.masterOf(key);
      await master.kill();
      await delay(random.integer(0, leaseMs * 2));
      // One that came back before would be the master still, without its data.
      if (bed.topology !== 'single')
        await eventually('another server has taken its place', async () => {
          return (await bed.masterOf(key).catch(() => master)) !== master;
        });
      await master.restart();
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

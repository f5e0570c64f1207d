import { setTimeout as delay } from 'node:timers/promises';
import { checkHistory, type Violation } from './checker.js';
import { openFaultScene } from './fault-scene.js';

export interface RollingDeployOptions {
  seed: number;
  events: number;
  seconds: number;
  leaseMs: number;
  /** Consumer processes, of which the first has the second version throughout. At least 3. Default 4. */
  workers?: number;
}

export interface RollingDeployReport {
  events: number;
  deploys: number;
  kills: number;
  /** Attempts of processes with the first version. */
  byFirst: number;
  violations: Violation[];
}

/** Long ones, at once, for each run: more than the process with the second version can begin alone. */
const LONG_TASKS = { perRun: 10, takesMs: 100, concurrency: 4 };

/**
 * Deploys a second version of the handlers, with other types, another lease and another canHandle(), process by process
 * and back again, while events come that only the second one wants. From the first to the last event one process at
 * least has the second version: so each event is handled, once.
 */
export async function runRollingDeploy(options: RollingDeployOptions): Promise<RollingDeployReport> {
  const { seed, events, seconds, leaseMs, workers = 4 } = options;
  const scene = await openFaultScene({
    ...{ seed, leaseMs, workers, runs: Math.max(10, Math.round(events / 100)) },
    actions: ['stdout', 'stderr'],
  });
  const { pool, producer } = scene;
  try {
    for (let slot = 1; slot < workers; slot++) pool.configure(slot, { version: 1 });
    pool.configure(0, { version: 2, leaseMs: 2 * leaseMs, concurrency: LONG_TASKS.concurrency });
    await pool.start();
    // What processes know of each other is up to a second old.
    await delay(3000);
    for (const run of producer.runs.keys()) {
      await producer.produceTasks(
        run,
        Array.from({ length: LONG_TASKS.perRun }, (_, i) => ({ n: -1 - i, takesMs: LONG_TASKS.takesMs })),
      );
    }
    const producing = producer.produce(events, seconds * 1000, false);
    const stepMs = (seconds * 1000) / (2 * workers);
    const roll = async (version: 1 | 2): Promise<void> => {
      for (let slot = 1; slot < workers; slot++) {
        await delay(stepMs);
        await pool.deploy(slot, { version, leaseMs: version * leaseMs });
      }
    };
    await roll(2);
    // Not all go down as they are asked to.
    pool.kill(2);
    await roll(1);
    await producing;
    const history = await scene.finish();
    return {
      events: producer.runs.reduce((sum, { tasks }) => sum + tasks.length, 0),
      deploys: pool.deploys,
      kills: pool.kills,
      byFirst: history.attempts.filter(({ worker }) => pool.told.get(worker)?.version === 1).length,
      violations: checkHistory(history),
    };
  } finally {
    await scene.close();
  }
}

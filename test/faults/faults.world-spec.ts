import { describe, expect, it } from '@jest/globals';
import { report } from '../support/report-line.js';
import { runFaults } from './fault-run.js';
import { runRollingDeploy } from './rolling-deploy.js';

describe('Consumer processes through a longer schedule of faults', () => {
  it('every event is committed exactly once or dead-lettered, one lease at a time, in order where promised', async () => {
    // Enough for what so short a schedule kills more than once, and few enough that poison does not take a minute.
    const found = await runFaults({ seed: 7, events: 300, seconds: 8, leaseMs: 1000, maxAttempts: 4 });
    report(
      `${found.events} events, ${found.kills + found.poisoned} processes killed, ${found.stops} stopped, ` +
        `${found.retries} retries, ${found.dead} dead-lettered, ${found.seconds} s`,
    );
    expect(found.violations).toEqual([]);
    expect(found.kills + found.stops).toBeGreaterThan(2);
    // The poison of each group.
    expect(found.dead).toBe(2);
  });

  it('no event is skipped while two versions of a handler that want different ones run', async () => {
    const found = await runRollingDeploy({ seed: 3, events: 400, seconds: 6, leaseMs: 1000, workers: 3 });
    expect(found.violations).toEqual([]);
    expect(found.deploys).toBe(4);
    expect(found.byFirst).toBeGreaterThan(0);
  });
});

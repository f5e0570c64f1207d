import { describe, expect, it } from '@jest/globals';
import { report } from '../support/report-line.js';
import { runFaults } from './fault-run.js';

describe('Consumer processes through a short schedule of faults', () => {
  it('every event is committed exactly once or dead-lettered, one lease at a time, in order where promised', async () => {
    // Few enough that poison does not take a minute. A longer one is in faults.world-spec.ts.
    const found = await runFaults({
      ...{ seed: 7, events: 150, seconds: 5, leaseMs: 1000, workers: 2 },
      maxAttempts: 3,
    });
    report(
      `${found.events} events, ${found.kills + found.poisoned} processes killed, ${found.stops} stopped, ` +
        `${found.retries} retries, ${found.dead} dead-lettered, ${found.seconds} s`,
    );
    expect(found.violations).toEqual([]);
    expect(found.kills + found.stops).toBeGreaterThan(0);
    // The poison of each group.
    expect(found.dead).toBe(2);
  });
});

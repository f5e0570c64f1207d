import { describe, expect, it } from '@jest/globals';
import { expectWell } from '../faults/expect-well.js';
import { runFaults } from '../faults/fault-run.js';
import { HEADINGS, line } from '../faults/service/report.js';
import { report } from '../support/report-line.js';

describe('Producers, watchers and handlers, through faults of masters and slots', () => {
  report(line(HEADINGS));

  it.each([
    ['sentinel', 'shard-killed', 6],
    ['sentinel', 'shard-frozen', 10],
    ['sentinel', 'failover-planned', 0],
    ['cluster', 'shard-killed', 6],
    ['cluster', 'shard-frozen', 10],
    ['cluster', 'failover-planned', 0],
    ['cluster', 'slot-moved', 20],
  ] as const)(
    '%s, %s: what is there is there once and in order, for each of them',
    async (topology, name, seconds) => {
      await expectWell(name, seconds, topology);
    },
  );

  it.each([
    ['sentinel', true],
    ['sentinel', false],
    ['cluster', true],
    ['cluster', false],
  ] as const)(
    '%s, tenancy %s: every event is committed exactly once or dead-lettered while consumers and a master die',
    async (topology, tenancy) => {
      const found = await runFaults({
        topology,
        tenancy,
        seed: 7,
        events: 300,
        seconds: 8,
        leaseMs: 1000,
        maxAttempts: 4,
      });
      expect(found.violations).toEqual([]);
      expect(found.dead).toBe(2);
    },
  );
});

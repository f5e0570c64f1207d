import { describe, expect, it } from '@jest/globals';
import { AcknowledgedRuns } from './acknowledged.js';

describe('What was acknowledged', () => {
  it('is remembered of a run for as long as something comes, and two minutes more', () => {
    let now = 0;
    const runs = new AcknowledgedRuns(() => now);
    runs.note('t', 'rare', '1-1', 1);
    for (let n = 1; n <= 300; n++) {
      now = n * 1000;
      runs.note('t', 'steady', `${n}-${n}`, 1);
    }
    expect([...runs.all()]).toEqual([['steady', { tenantId: 't', first: '300-300', count: 1 }]]);
    now += 240_000;
    expect(runs.all().size).toBe(0);
  });

  it('is bounded in runs', () => {
    const runs = new AcknowledgedRuns(() => 0);
    for (let n = 0; n < 20_001; n++) runs.note('t', `r${n}`, '1-1', 1);
    expect(runs.all().size).toBeLessThanOrEqual(10_000);
    expect(runs.all().has('r20000')).toBe(true);
  });
});

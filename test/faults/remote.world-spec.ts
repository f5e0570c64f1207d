import { describe, expect, it } from '@jest/globals';
import { report } from '../support/report-line.js';
import { runRemoteFaults } from './remote/remote-faults.js';
import { line } from './remote/report.js';

describe('Workers in Python through a schedule of faults', () => {
  it('every run ends once, every event is handled once, in order where promised', async () => {
    const found = await runRemoteFaults({ seed: 7, events: 400, seconds: 8, leaseSeconds: 1, workers: 2 });
    report(line(found));
    expect(found.violations).toEqual([]);
    expect(Object.keys(found.faults).length).toBeGreaterThan(2);
  });
});

import { describe, it } from '@jest/globals';
import { report } from '../support/report-line.js';
import { expectWell } from './expect-well.js';
import { HEADINGS, line } from './service/report.js';

/** Other faults are in service.world-spec.ts. */
describe('Producers, watchers and handlers of two instances, through a fault', () => {
  report(line(HEADINGS));

  it('redis-killed: what was acknowledged is there once and in order, for each of them', () =>
    expectWell('redis-killed', 1));
});

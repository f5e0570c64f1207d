import { describe, it } from '@jest/globals';
import { report } from '../support/report-line.js';
import { expectWell } from './expect-well.js';
import { HEADINGS, line } from './service/report.js';

describe('Producers, watchers and handlers of two instances, through other faults', () => {
  report(line(HEADINGS));

  it.each([
    ['pubsub-cut', 2],
    ['service-killed', 0.5],
  ])('%s: what was acknowledged is there once and in order, for each of them', expectWell);
});

import { describe, expect, it } from '@jest/globals';
import { type Progress, ratesOf, sampleOf, trendOf } from './tenant-rates.js';

const NOW = 1_800_000_000_000;

const progress = (more: Partial<Progress> = {}): Progress => ({
  ...{ at: NOW, lag: 0, lagMs: 0, pending: 0, appended: 1000, appendedLately: 0 },
  ...more,
});
/** So many seconds ago. */
const sample = (secondsAgo: number, more: Partial<Progress> = {}) =>
  sampleOf(progress({ at: NOW - 1000 * secondsAgo, ...more }));

describe('The rates of a group in a tenant', () => {
  it('are those since a sample of about a minute ago', () => {
    const latest = [10, 20, 30, 40, 50]
      .map((ago) => sample(ago))
      .concat(sample(60, { lag: 100, pending: 50 }));
    const now = progress({ appended: 1240, appendedLately: 240, lag: 30 });
    // 850 were done with 50 s ago at the latest, …
    expect(ratesOf(now, latest)).toEqual({ appended: 4, handled: (1210 - 1000) / 50 });
    // … and 60 s ago.
    expect(ratesOf(now, latest.slice(5))).toEqual({ appended: 4, handled: (1210 - 850) / 60 });
  });

  it('are what is left of the last minute, where nobody had anything to look at before', () => {
    const now = progress({ appendedLately: 120, lag: 30, pending: 30 });
    for (const latest of [[], [sample(10)], [sample(1800)]])
      expect(ratesOf(now, latest)).toEqual({ appended: 2, handled: 1 });
    expect(ratesOf(progress(), [])).toEqual({ appended: 0, handled: 0 });
  });

  it('are not known of a group that was behind before anybody looked', () => {
    expect(ratesOf(progress({ appendedLately: 60, lag: 61 }), [])).toEqual({
      appended: 1,
      handled: undefined,
    });
  });

  it('are not below nothing after a replay', () => {
    const now = progress({ lag: 1000, appendedLately: 60 });
    expect(ratesOf(now, [sample(60)])).toEqual({ appended: 1, handled: 0 });
  });

  it('are between each two samples of a trend', () => {
    const newestFirst = [
      sample(0, { appended: 1100, lag: 20 }),
      sample(10, { appended: 1040, pending: 20 }),
      sample(50, { appended: 1000 }),
    ];
    expect(trendOf(newestFirst).map(({ at, rates }) => [NOW - at, rates])).toEqual([
      [50_000, undefined],
      [10_000, { appended: 1, handled: 0.5 }],
      [0, { appended: 6, handled: 6 }],
    ]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { late } from './report.js';

const bars = { appendsSeconds: 2, framesSeconds: 1 };
const report = (servedAfter: number, appends: number, frames: number) => ({
  pauses: {
    servedAfter,
    appends: { seconds: appends, overAfter: appends },
    frames: { seconds: frames, overAfter: frames },
  },
});

describe('How soon all goes on', () => {
  it('counts appends from the new master on, and frames from appends on', () => {
    expect(late(report(4, 6, 7), bars)).toEqual([]);
    expect(late(report(4, 6.1, 7.1), bars)).toEqual([
      'late: appends again, since there was a master, after 2.1 s, and the bar is 2 s',
    ]);
    expect(late(report(4, 5, 6.5), bars)).toEqual([
      'late: frames again, since appends, after 1.5 s, and the bar is 1 s',
    ]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { isFlat, trendOf } from './trend.js';

const series = (valueAt: (at: number) => number) =>
  Array.from({ length: 60 }, (_, i) => ({ at: i * 10, value: valueAt(i * 10) }));

describe('The trend of samples', () => {
  it('tells what grows from what does not', () => {
    const level = trendOf(series((at) => 100 + (at % 30)));
    expect(isFlat(level, 10)).toBe(true);
    expect(Math.abs(level.slopePerMinute)).toBeLessThan(1);
    const growing = trendOf(series((at) => 100 + at / 6));
    expect(growing.slopePerMinute).toBeCloseTo(10);
    expect(isFlat(growing, 10)).toBe(false);
  });

  it('knows the extremes and the last', () => {
    expect(trendOf([5, 9, 2, 4].map((value, at) => ({ at, value })))).toMatchObject({
      min: 2,
      max: 9,
      last: 4,
    });
  });
});

import { describe, expect, it } from '@jest/globals';
import { compare, detectable, median } from './rank-sum.js';
import { SeededRandom } from '../support/seeded-random.js';

const seeded = new SeededRandom(7);
const random = () => seeded.next();
const times = (shift = 0) => Array.from({ length: 2000 }, () => 500 + shift + 200 * random() ** 4);

describe('the rank sum', () => {
  it('is that of the textbook', () => {
    // Every value of the one exceeds every one of the other; then none of them does.
    expect(compare([4, 5, 6], [1, 2, 3])).toMatchObject({
      exceeds: 1,
      z: expect.closeTo(1.964, 3) as unknown,
    });
    expect(compare([1, 2], [1, 2])).toEqual({ exceeds: 0.5, z: 0 });
  });

  it('finds no difference between alike samples, and finds a small one', () => {
    expect(Math.abs(compare(times(), times()).z)).toBeLessThan(4);
    expect(compare(times(5), times()).z).toBeGreaterThan(4);
    expect(detectable(times(), times(), 4, 100)).toBeLessThan(20);
    expect(median([3, 1, 2])).toBe(2);
  });
});

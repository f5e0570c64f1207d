import { describe, expect, it } from '@jest/globals';
import { longestPause } from './pauses.js';

describe('longestPause()', () => {
  it('is the longest time between two moments, in whatever order they come', () => {
    expect(longestPause([30, 0, 10, 70], 0)).toEqual({ from: 30, to: 70 });
  });

  it('counts one that had begun before, and none that was over', () => {
    expect(longestPause([0, 50, 60, 80], 55)).toEqual({ from: 60, to: 80 });
    expect(longestPause([0, 50, 60], 20)).toEqual({ from: 0, to: 50 });
  });

  it('knows none where nothing happened twice', () => {
    expect(longestPause([], 0)).toBeUndefined();
    expect(longestPause([5], 0)).toBeUndefined();
  });
});

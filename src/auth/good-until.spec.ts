import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { expiry, isGood, isMoment } from './good-until.js';

const DAY_MS = 86_400_000;

describe('J21 until when a credential is good', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each([0, 200, 24 * DAY_MS, 25 * DAY_MS, 60 * DAY_MS, 3650 * DAY_MS])(
    'what expires in %d ms ends then, once, and not earlier',
    (inMs) => {
      const expiresAt = Date.now() + inMs;
      const ends: number[] = [];
      expiry(expiresAt).subscribe(() => ends.push(Date.now()));
      jest.advanceTimersByTime(Math.max(inMs - 1, 0));
      if (inMs > 0) expect([ends, isGood(expiresAt)]).toEqual([[], true]);
      jest.advanceTimersByTime(1);
      expect([ends, isGood(expiresAt)]).toEqual([[expiresAt], false]);
      expect(jest.getTimerCount()).toBe(0);
    },
  );

  it('nothing is left of one that nobody waits for any more', () => {
    expiry(Date.now() + 60 * DAY_MS)
      .subscribe()
      .unsubscribe();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is a moment that a date can hold', () => {
    for (const good of [0, 1, Date.now(), 8.64e15, -8.64e15])
      expect([good, isMoment(good)]).toEqual([good, true]);
    for (const bad of [8.64e15 + 1, 1.5, NaN, Infinity, '1', null, undefined, [1]])
      expect([bad, isMoment(bad)]).toEqual([bad, false]);
  });
});

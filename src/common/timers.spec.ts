import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { every } from './every.js';
import { delay, MAX_TIMER_MS, setLongInterval, setLongTimeout } from './timers.js';

const DAY_MS = 86_400_000;

describe('T233 Timers beyond what Node takes', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each([1, MAX_TIMER_MS, MAX_TIMER_MS + 1, 30 * DAY_MS, 100 * DAY_MS])(
    'setLongTimeout fires after %s ms, once, and not before',
    (ms) => {
      const fire = jest.fn();
      setLongTimeout(fire, ms);
      jest.advanceTimersByTime(Math.max(ms - 1, 0));
      expect(fire).not.toHaveBeenCalled();
      jest.advanceTimersByTime(2);
      expect(fire).toHaveBeenCalledTimes(1);
      jest.advanceTimersByTime(200 * DAY_MS);
      expect(fire).toHaveBeenCalledTimes(1);
      expect(jest.getTimerCount()).toBe(0);
    },
  );

  it('what is not a time, or negative, is at once; Infinity is never', () => {
    const fire = jest.fn();
    setLongTimeout(fire, Number.NaN);
    setLongTimeout(fire, -5);
    jest.advanceTimersByTime(1);
    expect(fire).toHaveBeenCalledTimes(2);
    const never = setLongTimeout(fire, Infinity);
    jest.advanceTimersByTime(300 * DAY_MS);
    expect(fire).toHaveBeenCalledTimes(2);
    never.cancel();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('a cancelled one fires no more, also after its first part', () => {
    const fire = jest.fn();
    const timer = setLongTimeout(fire, 30 * DAY_MS);
    jest.advanceTimersByTime(28 * DAY_MS);
    timer.cancel();
    jest.advanceTimersByTime(30 * DAY_MS);
    expect(fire).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('an interval of 30 days fires every 30 days', () => {
    const fire = jest.fn();
    const timer = setLongInterval(fire, 30 * DAY_MS);
    jest.advanceTimersByTime(91 * DAY_MS);
    expect(fire).toHaveBeenCalledTimes(3);
    timer.cancel();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('delay resolves in time, and is rejected with the reason of its signal', async () => {
    const over = jest.fn();
    void delay(30 * DAY_MS).then(over);
    await jest.advanceTimersByTimeAsync(30 * DAY_MS - 1);
    expect(over).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1);
    expect(over).toHaveBeenCalled();
    const stop = new AbortController();
    const stopped = delay(30 * DAY_MS, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(stopped).rejects.toThrow('enough');
    await expect(delay(1, { signal: stop.signal })).rejects.toThrow('enough');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('a loop with a pause of 30 days turns once in 30 days', async () => {
    const stop = new AbortController();
    let turns = 0;
    const loop = every(
      30 * DAY_MS,
      stop.signal,
      () => {
        turns++;
        return Promise.resolve();
      },
      () => undefined,
    );
    await jest.advanceTimersByTimeAsync(61 * DAY_MS);
    expect(turns).toBe(3);
    stop.abort();
    await loop;
  });
});

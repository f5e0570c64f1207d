import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { Turns } from './turns.js';

/** Work that the test ends. */
function work() {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  return {
    begun,
    take: (turns: Turns, n: number, signal = new AbortController().signal) =>
      turns.take(signal, () => {
        begun.push(n);
        return new Promise<void>((resolve) => ends.push(resolve));
      }),
    endOldest: async () => {
      ends.shift()?.();
      await turn();
    },
  };
}

describe('Turns', () => {
  it('T62 lets no more than the limit go on at once; the others follow in order', async () => {
    const turns = new Turns(2);
    const { begun, take, endOldest } = work();
    const all = [1, 2, 3, 4, 5].map((n) => take(turns, n));
    await turn();
    expect(begun).toEqual([1, 2]);
    await endOldest();
    expect(begun).toEqual([1, 2, 3]);
    for (let n = 0; n < 4; n++) await endOldest();
    await Promise.all(all);
    expect(begun).toEqual([1, 2, 3, 4, 5]);
  });

  it('T19 who leaves while he waits takes no turn, and who fails gives his back', async () => {
    const turns = new Turns(1);
    const { begun, take, endOldest } = work();
    const leaving = new AbortController();
    const first = take(turns, 1);
    const left = take(turns, 2, leaving.signal);
    const third = take(turns, 3);
    leaving.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    await endOldest();
    await first;
    expect(begun).toEqual([1, 3]);
    await endOldest();
    await third;
    const { signal } = new AbortController();
    await expect(turns.take(signal, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    await expect(turns.take(signal, () => Promise.resolve('done'))).resolves.toBe('done');
  });
});

import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { WaitQueue, type WorkSource } from './wait-queue.js';

/** What there is, to be taken by whoever asks; `hold` keeps a taking from coming back. */
class Shelf implements WorkSource<string, number> {
  readonly items: number[] = [];
  readonly givenBack: number[] = [];
  readonly asked: { by: string; most: number; all: boolean }[] = [];
  hold: Promise<void> | undefined;
  problem: Error | undefined;

  async take(by: string, most: number, all: boolean): Promise<number[]> {
    this.asked.push({ by, most, all });
    const taken = this.items.splice(0, most);
    await this.hold;
    if (this.problem) throw this.problem;
    return taken;
  }

  available(): Promise<number> {
    return Promise.resolve(this.items.length);
  }

  nextInMs(): Promise<number | undefined> {
    return Promise.resolve(undefined);
  }

  giveBack(_: string, given: readonly number[]): Promise<void> {
    this.givenBack.push(...given);
    return Promise.resolve();
  }
}

const NEVER = new AbortController().signal;
const LONG_MS = 30_000;

function scene() {
  const shelf = new Shelf();
  const uses: boolean[] = [];
  const queue = new WaitQueue<string, number>(shelf, (isUsed) => void uses.push(isUsed));
  return { shelf, queue, uses };
}

describe('Those who wait for work', () => {
  it('what was taken for somebody who went meanwhile is given back', async () => {
    const { shelf, queue } = scene();
    shelf.items.push(1, 2);
    let release = (): void => undefined;
    shelf.hold = new Promise((resolve) => (release = resolve));
    const gone = new AbortController();
    const waiting = queue.wait('a', 2, LONG_MS, gone.signal);
    await eventually('it is being taken', () => shelf.asked.length > 0);
    gone.abort();
    release();
    expect(await waiting).toEqual([]);
    expect(shelf.givenBack).toEqual([1, 2]);
    expect(queue.size).toBe(0);
  });

  it('whose time is up in the middle of a taking gets what was taken', async () => {
    const { shelf, queue } = scene();
    shelf.items.push(1);
    let release = (): void => undefined;
    shelf.hold = new Promise((resolve) => (release = resolve));
    const waiting = queue.wait('a', 2, 1, NEVER);
    await eventually('it is being taken', () => shelf.asked.length > 0);
    queue.sendAway();
    release();
    expect(await waiting).toEqual([1]);
  });

  it('all hear of what goes wrong, and the next are served', async () => {
    const { shelf, queue } = scene();
    const waiting = [queue.wait('a', 1, LONG_MS, NEVER), queue.wait('b', 1, LONG_MS, NEVER)];
    await eventually('they wait', () => shelf.asked.length > 0);
    shelf.problem = new Error('no Redis');
    queue.wake(false);
    const results = await Promise.allSettled(waiting);
    expect(results.map((result) => result.status === 'rejected' && String(result.reason))).toEqual([
      'Error: no Redis',
      'Error: no Redis',
    ]);
    shelf.problem = undefined;
    shelf.items.push(1);
    expect(await queue.wait('a', 1, LONG_MS, NEVER)).toEqual([1]);
  });

  it('no wake is lost that comes while something is taken', async () => {
    const { shelf, queue } = scene();
    let release = (): void => undefined;
    shelf.hold = new Promise((resolve) => (release = resolve));
    const waiting = queue.wait('a', 1, LONG_MS, NEVER);
    await eventually('it is being taken', () => shelf.asked.length > 0);
    shelf.items.push(1);
    queue.wake(true);
    shelf.hold = undefined;
    release();
    expect(await waiting).toEqual([1]);
    expect(shelf.asked.at(-1)?.all).toBe(true);
  });

  it('the first looks everywhere; it says when it is in use', async () => {
    const { shelf, queue, uses } = scene();
    expect(await queue.wait('a', 1, 0, NEVER)).toEqual([]);
    expect(shelf.asked).toEqual([{ by: 'a', most: 1, all: true }]);
    shelf.items.push(1, 2, 3, 4);
    const all = await Promise.all([queue.wait('a', 4, 0, NEVER), queue.wait('b', 4, 0, NEVER)]);
    expect(all.flat().sort()).toEqual([1, 2, 3, 4]);
    expect(uses).toEqual([true, false, true, false]);
  });
});

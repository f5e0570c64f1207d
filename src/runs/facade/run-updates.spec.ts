import { describe, expect, it } from '@jest/globals';
import { Subject } from 'rxjs';
import type { Demand } from '../../event-store/index.js';
import { iterate } from './run-updates.js';

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('A loop over what comes', () => {
  it('is given nothing more to hold while something waits to be taken', async () => {
    const source = new Subject<number>();
    let demand: Demand | undefined;
    const loop = iterate((its) => ((demand = its), source));
    const first = loop.next();
    source.next(1);
    source.next(2);
    expect(await first).toEqual({ done: false, value: 1 });
    expect(demand?.ready()).toBe(false);
    let isDrained = false;
    const draining = demand?.drained(new AbortController().signal).then(() => (isDrained = true));
    await soon();
    expect(isDrained).toBe(false);
    expect(await loop.next()).toEqual({ done: false, value: 2 });
    await draining;
    expect(demand?.ready()).toBe(true);
    await loop.return();
  });

  it('stops waiting for room when it is told to', async () => {
    const source = new Subject<number>();
    let demand: Demand | undefined;
    const loop = iterate((its) => ((demand = its), source));
    const first = loop.next();
    source.next(1);
    source.next(2);
    await first;
    const stop = new AbortController();
    const draining = demand?.drained(stop.signal);
    stop.abort(new Error('enough'));
    await expect(draining).rejects.toThrow('enough');
    await loop.return();
  });

  it.each<
    [string, (loop: ReturnType<typeof iterate>, stop: AbortController, source: Subject<unknown>) => unknown]
  >([
    ['by break', (loop) => loop.return()],
    ['by a throw', (loop) => loop.throw(new Error('x')).catch(() => undefined)],
    ['by its signal', (_, stop) => stop.abort(new Error('x'))],
    ['by an error of what it takes', (_, _stop, source) => source.error(new Error('x'))],
    ['by the end of that', (_, _stop, source) => source.complete()],
  ])('leaves when it is left %s', async (_, leave) => {
    const source = new Subject<unknown>();
    const stop = new AbortController();
    const loop = iterate(() => source, stop.signal);
    const first = loop.next();
    source.next(1);
    await first;
    expect(source.observed).toBe(true);
    await leave(loop, stop, source);
    await loop.next().catch(() => undefined);
    expect(source.observed).toBe(false);
  });

  it('gives all that came before an error, and then the error', async () => {
    const source = new Subject<number>();
    const loop = iterate(() => source);
    const first = loop.next();
    source.next(1);
    source.next(2);
    source.error(new Error('x'));
    expect(await first).toEqual({ done: false, value: 1 });
    expect(await loop.next()).toEqual({ done: false, value: 2 });
    await expect(loop.next()).rejects.toThrow('x');
    expect(await loop.next()).toEqual({ done: true, value: undefined });
  });
});

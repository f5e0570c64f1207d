import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { EventLoopLoad, isOverloaded } from './event-loop-load.js';

describe('isOverloaded', () => {
  const late = { delayMs: 600, utilization: 1, processor: 1 };

  it.each([
    ['late by its own work', late, true],
    ['late beside neighbours that have the processors', { ...late, processor: 0.3 }, false],
    ['late, and mostly waiting', { ...late, utilization: 0.5, processor: 0.5 }, false],
    ['in time, however busy', { ...late, delayMs: 400 }, false],
    ['late beyond all reason', { delayMs: 6000, utilization: 1, processor: 0.1 }, true],
  ])('%s', (_, window, expected) => {
    expect(isOverloaded(window, 500)).toBe(expected);
  });
});

describe('EventLoopLoad', () => {
  let load: EventLoopLoad | undefined;
  afterEach(() => load?.stop());

  it('notices that its loop is far too late, and that it is no more', async () => {
    // Ten times as late as it may be: then it does not matter what keeps it, so this holds beside busy neighbours.
    load = new EventLoopLoad(10);
    const { overloaded } = load;
    expect(overloaded).toBe(false);
    await eventually('it is overloaded', () => {
      block(200);
      return load?.overloaded ?? false;
    });
    await eventually('it is well again', () => load?.overloaded === false);
  });

  it('is not put off by one pause, as of garbage collection', async () => {
    load = new EventLoopLoad(1000);
    block(200);
    await eventually('it has seen the pause', () => (load?.delayMs ?? 0) > 50);
    expect(load.overloaded).toBe(false);
  });
});

/** Keeps the event loop busy. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

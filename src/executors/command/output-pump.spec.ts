import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MAX_WAITING_LINES, OutputPump } from './output-pump.js';

/** Lines without end, counted as they are asked for. */
function endless(): { stream: Readable; made: () => number } {
  let made = 0;
  const chunk = () => Buffer.from(Array.from({ length: 1000 }, () => `line ${made++}\n`).join(''));
  return {
    stream: new Readable({
      highWaterMark: 1024,
      read() {
        this.push(chunk());
      },
    }),
    made: () => made,
  };
}

describe('Output that nobody takes', () => {
  it('is not read: neither lines nor bytes pile up here', async () => {
    const { stream, made } = endless();
    let taken = 0;
    const pump = new OutputPump(stream, () => {
      taken++;
      return new Promise(() => undefined);
    });
    for (let i = 0; i < 1000; i++) await nextTurn();
    expect(taken).toBe(MAX_WAITING_LINES);
    expect(made()).toBeLessThanOrEqual(5000);
    // It waits for the taker, so it is not idle.
    for (let i = 0; i < 10; i++) pump.endIfIdle();
    expect(stream.destroyed).toBe(false);
    stream.destroy();
  });

  it('is passed on to its end once it is taken', async () => {
    const taken: string[] = [];
    const stream = Readable.from([Buffer.from('a\nb\n'), Buffer.from('c')]);
    await new OutputPump(stream, async ({ line }) => taken.push(line)).done;
    expect(taken).toEqual(['a', 'b', 'c']);
  });
});

describe('Output of a process that is gone', () => {
  it('ends when nothing more comes, though the pipe is open', async () => {
    const taken: string[] = [];
    const stream = new Readable({ read: () => undefined });
    const pump = new OutputPump(stream, async ({ line }) => taken.push(line));
    stream.push('said\nand left');
    for (let i = 0; i < 10; i++) {
      await nextTurn();
      pump.endIfIdle();
    }
    await pump.done;
    expect(taken).toEqual(['said', 'and left']);
  });
});

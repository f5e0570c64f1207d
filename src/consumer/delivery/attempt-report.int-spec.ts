import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { consumerScenes } from '../../../test/support/consumer-scene.js';
import { eventually } from '../../../test/support/eventually.js';
import { testLogger } from '../../../test/support/test-logger.js';
import { HandlerResult } from '../handler/handler-result.js';

const LEVELS = ['debug', 'warn', 'error'] as const;
let said: { level: (typeof LEVELS)[number]; text: string }[];

beforeEach(() => {
  said = [];
  for (const level of LEVELS) {
    jest.spyOn(testLogger, level).mockImplementation((...parts: unknown[]) => {
      // The last part names who speaks.
      said.push({
        level,
        text: parts
          .slice(0, -1)
          .filter((part) => part !== undefined)
          .map(String)
          .join('\n'),
      });
    });
  }
});
afterEach(() => {
  jest.restoreAllMocks();
});

function notSaved(): Error {
  return new Error('not saved', { cause: new RangeError('disk full') });
}

describe('What the log says of attempts', () => {
  const open = consumerScenes();
  const about = (what: RegExp) => said.filter(({ text }) => what.test(text));

  it('T238 has each failure once with stacks and causes: at debug level while it is tried again', async () => {
    const scene = await open();
    await scene.append('saved at last', 'never saved');
    await scene.start(
      (text, { attempt }) => {
        if (text === 'never saved' || attempt === 1) throw notSaved();
      },
      { maxAttempts: 2, backoff: { initialMs: 1, maxMs: 1 } },
    );
    await eventually('both are settled', () => scene.isSettled());
    // The process hears of it a moment later.
    await eventually('all of it is said', () => about(/not saved/).length >= 3);

    const tries = about(/attempt \d of event/);
    expect(tries.map(({ level }) => level)).toEqual(['debug', 'debug']);
    const dead = about(/is dead-lettered/);
    expect(dead.map(({ level }) => level)).toEqual(['error']);
    for (const { text } of [...tries, ...dead]) {
      expect(text).toMatch(
        /not saved[^]*at [^\n]*attempt-report\.int-spec[^]*Caused by: RangeError: disk full/,
      );
    }
    expect(about(/not saved/)).toHaveLength(3);
  });

  it('T238 has no stack for what a handler gave back as a result', async () => {
    const scene = await open();
    await scene.append('refused');
    await scene.start(() => HandlerResult.fail('the card was refused'));
    await eventually('it is settled', () => scene.isSettled());
    expect(about(/the card was refused/)).toEqual([
      { level: 'error', text: expect.stringMatching(/is dead-lettered: the card was refused$/) },
    ]);
  });
});

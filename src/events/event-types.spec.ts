import { describe, expect, it } from '@jest/globals';
import { UnknownEventTypeError, ValidationFailedError } from '../common/index.js';
import { EventTypeRegistry } from './event-types.js';

describe('The event types', () => {
  it('are the built-in ones and what is registered, by exact type or by category', () => {
    const types = new EventTypeRegistry(['build.*', 'deploy.started']);
    for (const known of [
      'lifecycle.completed',
      'llm.tool_call',
      'log.stderr',
      'build.x',
      'build.a_1',
      'deploy.started',
    ]) {
      expect(types.has(known)).toBe(true);
    }
    for (const unknown of [
      'deploy.ended',
      'lifecycle.paused',
      'builds.x',
      'build',
      'build.',
      'build.X',
      'build.x.y',
      '',
    ]) {
      expect(types.has(unknown)).toBe(false);
    }
  });

  it('are not extended by what every JavaScript object has', () => {
    const types = new EventTypeRegistry();
    for (const name of ['constructor.name', 'lifecycle.constructor', '__proto__.x', 'lifecycle.length']) {
      expect(types.has(name)).toBe(false);
    }
  });

  it.each([
    'Build.x',
    'build',
    'build.',
    '.x',
    '*.x',
    '*',
    'build.x.y',
    'build.x*',
    'build.x\n',
    'büild.x',
    '1build.x',
  ])('can not be registered as %j', (type) => {
    expect(() => new EventTypeRegistry([type])).toThrow(/write category\.action or category\.\*/);
  });

  it('are all named by the error for one that is not known', () => {
    const types = new EventTypeRegistry(['build.*']);
    expect(() => {
      types.assertKnown('nope.x');
    }).toThrow(UnknownEventTypeError);
    expect(() => {
      types.assertKnown('nope.x');
    }).toThrow(/"nope\.x".*build\.\*.*lifecycle\.completed.*EVENT_TYPES/);
  });
});

describe('A type filter', () => {
  const types = new EventTypeRegistry(['build.*', 'deploy.started']);

  it('passes exact types and categories', () => {
    const passes = types.parseFilter('llm.*,lifecycle.completed,build.*,build.one');
    expect(passes).toBeDefined();
    const expected: Record<string, boolean> = {
      'llm.stream': true,
      'llm.tool_call': true,
      'lifecycle.completed': true,
      'lifecycle.failed': false,
      'build.anything': true,
      'log.stdout': false,
    };
    for (const [type, passed] of Object.entries(expected)) expect(passes?.(type)).toBe(passed);
  });

  it('that is absent lets everything pass', () => {
    expect(types.parseFilter(undefined)).toBeUndefined();
  });

  it.each(['', ',', 'llm', 'llm.*,', ' llm.*', 'llm.**', '*', '*.completed', 'LLM.*'])(
    'is not %j',
    (text) => {
      expect(() => types.parseFilter(text)).toThrow(ValidationFailedError);
    },
  );

  it.each(['nope.*', 'llm.nope', 'deploy.ended', 'llm.*,constructor.*'])(
    'for %s, which nobody can append, is refused',
    (text) => {
      expect(() => types.parseFilter(text)).toThrow(UnknownEventTypeError);
    },
  );
});

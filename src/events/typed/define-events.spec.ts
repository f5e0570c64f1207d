import { describe, expect, it } from '@jest/globals';
import { EventTypeRegistry } from '../event-types.js';
import type { RecordedEvent } from '../envelope.js';
import { defineEvents, event } from './define-events.js';
import { toEventInput } from './event-to-append.js';
import { isEvent } from './is-event.js';

describe('Events that are defined in one place', () => {
  it('are registered by their names', () => {
    const { types } = defineEvents({ 'build.started': event<{ commit: string }>(), 'deploy.*': event() });
    const registry = new EventTypeRegistry(types);
    expect(['build.started', 'deploy.any', 'build.ended'].map((type) => registry.has(type))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it.each(['build', 'Build.started', 'build.', '*', '', 'build.x.y'])('can not be called %j', (name) => {
    expect(() => defineEvents({ [name]: event() })).toThrow(/write category\.action or category\.\*/);
  });

  it.each([undefined, null, [], 'build.started', 7])('are not %j', (given) => {
    expect(() => defineEvents(given as never)).toThrow(/defineEvents\(\{ 'build\.started'/);
  });
});

describe('isEvent()', () => {
  const started = { event: { category: 'build', action: 'started' } } as RecordedEvent;

  it.each([
    ['build.started', true],
    ['build.*', true],
    ['llm.*,build.started', true],
    ['build.ended', false],
    ['builds.*', false],
    ['build', false],
    ['*', false],
  ])('for %s is %s', (filter, answer) => {
    expect(isEvent(started, filter)).toBe(answer);
  });
});

describe('An event to append', () => {
  it('is what producers send', () => {
    const source = { agent_id: 'a' };
    expect(toEventInput({ type: 'build.started', data: { commit: 'c' }, source })).toEqual({
      event: { category: 'build', action: 'started' },
      data: { commit: 'c' },
      source,
    });
    expect(toEventInput({ type: 'build.started' }).data).toEqual({});
  });

  it.each([undefined, null, 'build.started', 7, {}, { type: 7 }, { event: { category: 'a', action: 'b' } }])(
    'is not %j',
    (given) => {
      expect(() => toEventInput(given as never)).toThrow(
        expect.objectContaining({ code: 'VALIDATION_FAILED' }),
      );
    },
  );
});

import { describe, expect, it } from '@jest/globals';
import { isTerminal, runPatch } from './run-patch.js';

const agent = { agent_id: 'a1' };

describe('What an event changes in its run', () => {
  it.each([
    ['lifecycle.started', { task: 'x' }, { status: 'running' }],
    ['lifecycle.completed', { result: [1], statistics: {} }, { status: 'completed', result: [1] }],
    ['lifecycle.completed', {}, { status: 'completed', result: null }],
    ['lifecycle.failed', { error: 'broke' }, { status: 'failed', error: 'broke' }],
    ['lifecycle.failed', {}, { status: 'failed', error: null }],
    ['lifecycle.cancelled', { reason: 'enough' }, { status: 'cancelled' }],
  ])('%s %j: %j', (type, data, expected) => {
    expect(runPatch({ type, data })).toEqual(expected);
  });

  it.each(['llm.completed', 'agent.completed', 'session.completed', 'task.failed', 'log.stdout'])(
    '%s: nothing',
    (type) => {
      expect(runPatch({ type, data: {} })).toBeUndefined();
    },
  );

  it.each(['started', 'completed', 'failed', 'cancelled'])(
    'T27 lifecycle.%s of one agent: nothing',
    (action) => {
      expect(runPatch({ type: `lifecycle.${action}`, source: agent, data: {} })).toBeUndefined();
    },
  );

  it('ends it with three statuses and no other', () => {
    const terminal = ['pending', 'running', 'completed', 'failed', 'cancelled', 'constructor'].filter(
      isTerminal,
    );
    expect(terminal).toEqual(['completed', 'failed', 'cancelled']);
  });
});

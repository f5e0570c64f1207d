import { describe, expect, it } from '@jest/globals';
import { dataOf, mapped, type Said } from '../../../test/support/mapped.js';
import { AgentEventMapper } from './agent-event.mapper.js';

const IDS = { threadId: 't', runId: 'theirs' };
const events = (...said: readonly Said[]) => dataOf(mapped(new AgentEventMapper(IDS), ...said));
const START = { type: 'RUN_STARTED', ...IDS };

describe('a run as AG-UI has it', () => {
  it('has a message for each stretch of text or reasoning, calls, and the rest as custom events', () => {
    const told = events(
      ['lifecycle.started'],
      ['llm.reasoning', { content: 'Hm' }],
      ['llm.stream', { content: 'Hi' }],
      ['llm.stream', { content: '' }],
      ['llm.tool_call', { tool_name: 'search', arguments: { q: 1 } }],
      ['llm.tool_result', { tool_name: 'search', result: [1] }],
      ['llm.tool_result', { tool_name: 'search', result: [2] }],
      ['lifecycle.completed', { result: 5 }],
    );
    expect(told).toEqual([
      START,
      { type: 'REASONING_START', messageId: 'r1-2' },
      { type: 'REASONING_MESSAGE_START', messageId: 'r1-2', role: 'reasoning' },
      { type: 'REASONING_MESSAGE_CONTENT', messageId: 'r1-2', delta: 'Hm' },
      { type: 'REASONING_MESSAGE_END', messageId: 'r1-2' },
      { type: 'REASONING_END', messageId: 'r1-2' },
      { type: 'TEXT_MESSAGE_START', messageId: 'r1-3', role: 'assistant' },
      { type: 'TEXT_MESSAGE_CONTENT', messageId: 'r1-3', delta: 'Hi' },
      { type: 'TEXT_MESSAGE_END', messageId: 'r1-3' },
      { type: 'TOOL_CALL_START', toolCallId: 'call_5', toolCallName: 'search' },
      { type: 'TOOL_CALL_ARGS', toolCallId: 'call_5', delta: '{"q":1}' },
      { type: 'TOOL_CALL_END', toolCallId: 'call_5' },
      { type: 'TOOL_CALL_RESULT', messageId: 'r1-6', toolCallId: 'call_5', content: '[1]', role: 'tool' },
      { type: 'CUSTOM', name: 'llm.tool_result', value: { tool_name: 'search', result: [2] } },
      { type: 'RUN_FINISHED', ...IDS, result: 5 },
    ]);
  });

  it('passes events on as they are, with the beginning and the end that the producer gave them', () => {
    const own = [
      { type: 'RUN_STARTED', threadId: 'a', runId: 'b' },
      { type: 'STATE_SNAPSHOT', snapshot: {} },
      { type: 'RUN_FINISHED', threadId: 'a', runId: 'b' },
    ];
    const said = own.map((event): Said => ['agui.event', event]);
    expect(events(['lifecycle.started'], ...said, ['lifecycle.completed'])).toEqual(own);
    expect(events(['agui.event', own[1]])).toEqual([START, own[1]]);
  });

  it.each([
    ['lifecycle.failed', { error: 'no' }, { type: 'RUN_ERROR', message: 'no', code: 'failed' }],
    ['lifecycle.cancelled', {}, { type: 'RUN_ERROR', message: 'The run was cancelled.', code: 'cancelled' }],
  ])('ends as the run did: %s', (type, data, last) => {
    expect(events([type, data])).toEqual([START, last]);
  });

  it('says that events are missing', () => {
    expect(dataOf(new AgentEventMapper(IDS).lost('deleted'))).toEqual([
      { type: 'RUN_ERROR', message: 'The run was deleted.', code: 'events_lost' },
    ]);
  });
});

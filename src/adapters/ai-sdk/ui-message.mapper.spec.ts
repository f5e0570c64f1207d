import { describe, expect, it } from '@jest/globals';
import { dataOf, mapped, type Said } from '../../../test/support/mapped.js';
import { UiMessageMapper } from './ui-message.mapper.js';

const chunks = (...said: readonly Said[]) => dataOf(mapped(new UiMessageMapper('m1'), ...said));
const START = [{ type: 'start', messageId: 'm1' }, { type: 'start-step' }];
const FINISH = [{ type: 'finish-step' }, { type: 'finish' }, '[DONE]'];

describe('a run as a UI message', () => {
  it('has a part for each stretch of text or reasoning, and for each agent', () => {
    const told = chunks(
      ['lifecycle.started'],
      ['llm.reasoning', { content: 'Hm' }],
      ['llm.stream', { content: 'Hel' }],
      ['llm.stream', { content: 'lo' }],
      ['llm.stream', { content: 'Yes' }, 'critic'],
      ['lifecycle.completed', {}, 'critic'],
      ['lifecycle.completed'],
    );
    expect(told).toEqual([
      ...START,
      { type: 'reasoning-start', id: 'reasoning-2' },
      { type: 'reasoning-delta', id: 'reasoning-2', delta: 'Hm' },
      { type: 'reasoning-end', id: 'reasoning-2' },
      { type: 'text-start', id: 'text-3' },
      { type: 'text-delta', id: 'text-3', delta: 'Hel' },
      { type: 'text-delta', id: 'text-3', delta: 'lo' },
      { type: 'text-end', id: 'text-3' },
      { type: 'text-start', id: 'text-5' },
      { type: 'text-delta', id: 'text-5', delta: 'Yes' },
      { type: 'data-lifecycle.completed', id: '1000-6', data: {} },
      { type: 'text-end', id: 'text-5' },
      ...FINISH,
    ]);
  });

  it('begins a step with what is said about results of tools', () => {
    const told = chunks(
      ['llm.tool_call', { tool_name: 'search', arguments: { q: 'x' }, tool_call_id: 'a' }],
      ['llm.tool_call', { tool_name: 'search' }],
      ['llm.tool_result', { tool_name: 'search', result: [1], tool_call_id: 'a' }],
      ['llm.tool_result', { tool_name: 'search', result: [2] }],
      ['llm.stream', { content: 'Found.' }],
      ['lifecycle.completed'],
    );
    const call = { type: 'tool-input-available', toolName: 'search', dynamic: true };
    const result = { type: 'tool-output-available', dynamic: true };
    expect(told).toEqual([
      ...START,
      { ...call, toolCallId: 'a', input: { q: 'x' } },
      { ...call, toolCallId: 'call_2', input: {} },
      { ...result, toolCallId: 'a', output: [1] },
      { ...result, toolCallId: 'call_2', output: [2] },
      { type: 'finish-step' },
      { type: 'start-step' },
      { type: 'text-start', id: 'text-5' },
      { type: 'text-delta', id: 'text-5', delta: 'Found.' },
      { type: 'text-end', id: 'text-5' },
      ...FINISH,
    ]);
  });

  it('shows a result of no known call as data, which the client would refuse as a result', () => {
    const data = { tool_name: 'search', result: 1, tool_call_id: 'unknown' };
    expect(chunks(['llm.tool_result', data])).toEqual([
      ...START,
      { type: 'data-llm.tool_result', id: '1000-1', data },
    ]);
  });

  it('shows anything else as data, and lines of logs beside the message', () => {
    expect(chunks(['gate.requested', { gate: 1 }], ['log.stdout', { line: 'x' }])).toEqual([
      ...START,
      { type: 'data-gate.requested', id: '1000-1', data: { gate: 1 } },
      { type: 'data-log.stdout', id: '1000-2', data: { line: 'x' }, transient: true },
    ]);
  });

  it('passes chunks on as they are, with the beginning and the end that the producer gave them', () => {
    const own = [
      { type: 'start', messageId: 'theirs' },
      { type: 'start-step' },
      { type: 'source-url', sourceId: '1', url: 'https://example.com' },
      { type: 'finish-step' },
      { type: 'finish', finishReason: 'stop' },
    ];
    const said = own.map((chunk): Said => ['ai.chunk', chunk]);
    expect(chunks(['lifecycle.started'], ...said, ['lifecycle.completed'])).toEqual([...own, '[DONE]']);
  });

  it('gives chunks the beginning and the end that they lack', () => {
    const chunk = { type: 'file', url: 'data:,x', mediaType: 'text/plain' };
    expect(chunks(['ai.chunk', chunk], ['llm.stream', { content: 'x' }], ['lifecycle.completed'])).toEqual([
      START[0],
      chunk,
      { type: 'text-start', id: 'text-2' },
      { type: 'text-delta', id: 'text-2', delta: 'x' },
      { type: 'text-end', id: 'text-2' },
      { type: 'finish' },
      '[DONE]',
    ]);
  });

  it('gives text where the protocol wants text, whatever a producer appended', () => {
    expect(chunks(['llm.stream', { content: { a: 1 } }], ['llm.stream'])).toEqual([
      ...START,
      { type: 'text-start', id: 'text-1' },
      { type: 'text-delta', id: 'text-1', delta: '{"a":1}' },
      { type: 'text-delta', id: 'text-1', delta: '' },
    ]);
  });

  it.each([
    ['lifecycle.failed', { error: { message: 'no model' } }, { type: 'error', errorText: 'no model' }],
    ['lifecycle.failed', {}, { type: 'error', errorText: 'The run failed.' }],
    ['lifecycle.cancelled', {}, { type: 'abort' }],
  ])('ends as the run did: %s %j', (type, data, last) => {
    expect(chunks([type, data])).toEqual([...START, last, '[DONE]']);
  });

  it('says that events are missing', () => {
    expect(dataOf(new UiMessageMapper('m1').lost('trimmed'))).toEqual([
      { type: 'error', errorText: expect.stringContaining('no longer kept') },
      '[DONE]',
    ]);
  });
});

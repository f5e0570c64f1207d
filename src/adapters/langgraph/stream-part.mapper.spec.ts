import { describe, expect, it } from '@jest/globals';
import { mapped, type Said } from '../../../test/support/mapped.js';
import { StreamPartMapper } from './stream-part.mapper.js';

const parts = (...said: readonly Said[]) =>
  mapped(new StreamPartMapper(), ...said).map(({ name, data, id }) => [
    name,
    JSON.parse(data) as unknown,
    id,
  ]);

describe('a run as stream parts', () => {
  it('is one part for each event, with its id', () => {
    const told = parts(
      ['lifecycle.started'],
      ['llm.stream', { content: 'Hi' }],
      ['llm.reasoning', { content: 'Hm' }, 'critic'],
      ['llm.tool_call', { tool_name: 'search', arguments: { q: 1 }, tool_call_id: 'a' }],
      ['llm.tool_result', { tool_name: 'search', result: [1], tool_call_id: 'a' }],
      ['gate.requested', { gate: 1 }],
      ['langgraph.part', { event: 'updates', data: { node: { x: 1 } } }],
      ['langgraph.part', { event: 'a\nb', data: 1 }],
      ['lifecycle.completed', { result: { messages: [] } }],
    );
    const chunk = { type: 'AIMessageChunk', id: 'r1' };
    const node = { langgraph_node: 'agent' };
    expect(told).toEqual([
      ['metadata', { run_id: 'r1' }, '1000-1'],
      ['messages', [{ ...chunk, content: 'Hi' }, node], '1000-2'],
      [
        'messages',
        [
          { ...chunk, content: '', additional_kwargs: { reasoning_content: 'Hm' } },
          { langgraph_node: 'critic' },
        ],
        '1000-3',
      ],
      [
        'messages',
        [
          {
            ...chunk,
            content: '',
            tool_call_chunks: [
              { type: 'tool_call_chunk', id: 'a', name: 'search', args: '{"q":1}', index: 4 },
            ],
          },
          node,
        ],
        '1000-4',
      ],
      [
        'messages',
        [{ type: 'tool', id: '1000-5', name: 'search', tool_call_id: 'a', content: '[1]' }, node],
        '1000-5',
      ],
      ['custom', expect.objectContaining({ id: '1000-6', data: { gate: 1 } }), '1000-6'],
      ['updates', { node: { x: 1 } }, '1000-7'],
      ['custom', expect.objectContaining({ id: '1000-8' }), '1000-8'],
      ['values', { messages: [] }, '1000-9'],
    ]);
  });

  it.each([
    ['lifecycle.completed', { result: 1 }, 'values', { result: 1 }],
    ['lifecycle.completed', {}, 'values', { result: null }],
    ['lifecycle.failed', { error: 'no' }, 'error', { error: 'RunFailed', message: 'no' }],
    ['lifecycle.cancelled', { reason: 'enough' }, 'error', { error: 'UserInterrupt', message: 'enough' }],
  ])('ends as the run did: %s %j', (type, data, name, part) => {
    expect(parts([type, data])).toEqual([[name, part, '1000-1']]);
  });

  it('says that events are missing, with the cursor to come back with', () => {
    const [frame] = new StreamPartMapper().lost('trimmed', '5-5');
    expect(frame).toMatchObject({ name: 'error', id: '5-5', data: expect.stringContaining('EventsLost') });
  });
});

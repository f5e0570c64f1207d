import { describe, expect, it } from '@jest/globals';
import { dataOf, mapped, type Said } from '../../../test/support/mapped.js';
import { ResponseMapper } from './response.mapper.js';

const HEAD = { id: 'r1', created_at: 1, model: 'chat', metadata: {} };
const SAID: readonly Said[] = [
  ['lifecycle.started'],
  ['llm.reasoning', { content: 'Hm' }],
  ['llm.stream', { content: 'Hel' }],
  ['gate.requested'],
  ['llm.stream', { content: 'lo' }],
  ['llm.tool_call', { tool_name: 'search', arguments: { q: 1 }, tool_call_id: 'a' }],
  ['llm.tool_result', { tool_name: 'search', result: 1, tool_call_id: 'a' }],
  ['lifecycle.completed'],
];
const events = (after: number | undefined, ...said: readonly Said[]) =>
  dataOf(mapped(new ResponseMapper(HEAD, after), ...said)) as Record<string, unknown>[];

describe('a run as a response', () => {
  it('has an item for each stretch of text, of reasoning, and each call', () => {
    const told = events(undefined, ...SAID);
    expect(
      told.map(({ type, sequence_number, output_index }) => [type, sequence_number, output_index]),
    ).toEqual([
      ['response.created', 32, undefined],
      ['response.in_progress', 33, undefined],
      ['response.output_item.added', 34, 0],
      ['response.content_part.added', 35, 0],
      ['response.reasoning_text.delta', 36, 0],
      ['response.reasoning_text.done', 48, 0],
      ['response.content_part.done', 49, 0],
      ['response.output_item.done', 50, 0],
      ['response.output_item.added', 51, 1],
      ['response.content_part.added', 52, 1],
      ['response.output_text.delta', 53, 1],
      ['response.output_text.delta', 80, 1],
      ['response.output_text.done', 96, 1],
      ['response.content_part.done', 97, 1],
      ['response.output_item.done', 98, 1],
      ['response.output_item.added', 99, 2],
      ['response.function_call_arguments.delta', 100, 2],
      ['response.function_call_arguments.done', 101, 2],
      ['response.output_item.done', 102, 2],
      ['response.output_item.added', 112, 3],
      ['response.output_item.done', 113, 3],
      ['response.completed', 128, undefined],
    ]);
    expect(told.at(-1)?.['response']).toMatchObject({
      ...HEAD,
      object: 'response',
      status: 'completed',
      output: [
        { type: 'reasoning', content: [{ type: 'reasoning_text', text: 'Hm' }] },
        { type: 'message', content: [{ type: 'output_text', text: 'Hello' }] },
        { type: 'function_call', call_id: 'a', name: 'search', arguments: '{"q":1}' },
        { type: 'function_call_output', call_id: 'a', output: '1', status: 'completed' },
      ],
    });
  });

  it('goes on after any number as if it had never ended', () => {
    const whole = events(undefined, ...SAID);
    for (const [index, { sequence_number }] of whole.entries())
      expect(events(Number(sequence_number), ...SAID)).toEqual(whole.slice(index + 1));
  });

  it('knows the call of a result that has no id, and shows no result without a call', () => {
    const told = events(
      undefined,
      ['llm.tool_call', { tool_name: 'search' }],
      ['llm.tool_result', { tool_name: 'search', result: { hits: 1 } }],
      ['llm.tool_result', { tool_name: 'search', result: 'again' }],
      ['lifecycle.completed'],
    );
    const [call, result, ...more] = (told.at(-1)?.['response'] as { output: Record<string, unknown>[] })
      .output;
    expect([result?.['call_id'], result?.['output'], more]).toEqual([call?.['call_id'], '{"hits":1}', []]);
  });

  it('passes events on as they are but for their numbers, with the response that the producer gave', () => {
    const mapper = new ResponseMapper(HEAD);
    const response = { id: 'theirs', output: [] };
    const told = dataOf(
      mapped(
        mapper,
        ['lifecycle.started'],
        ['openai.event', { type: 'response.created', response, sequence_number: 0 }],
        ['openai.event', { type: 'response.refusal.delta', delta: 'no', sequence_number: 1 }],
        ['openai.event', { type: 'response.completed', response, sequence_number: 2 }],
        ['lifecycle.completed'],
      ),
    );
    expect(told).toEqual([
      { type: 'response.created', response, sequence_number: 32 },
      { type: 'response.refusal.delta', delta: 'no', sequence_number: 48 },
      { type: 'response.completed', response, sequence_number: 64 },
    ]);
    expect(mapper.response).toEqual(response);
  });

  it.each([
    ['lifecycle.failed', { error: 'no' }, 'response.failed', { status: 'failed', error: { message: 'no' } }],
    ['lifecycle.cancelled', {}, 'response.incomplete', { status: 'cancelled', error: null }],
  ])('ends as the run did: %s', (type, data, last, response) => {
    expect(events(undefined, [type, data]).at(-1)).toMatchObject({ type: last, response });
  });

  it('says that events are missing, whatever number a client came with', () => {
    const [frame] = dataOf(new ResponseMapper(HEAD, 10_000).lost('trimmed', '5-7'));
    expect(frame).toMatchObject({ type: 'error', code: 'server_error', sequence_number: 127 });
  });
});

import { describe, expect, it } from '@jest/globals';
import {
  addToStory,
  type EventItem,
  joinText,
  pairDispatches,
  pairTools,
  type RunEvent,
  type StoryItem,
} from '../../packages/client/src/index.js';

let sequence = 0;

function item(type: string, data: RunEvent['data'], agent?: string): EventItem {
  const [category = '', action = ''] = type.split('.');
  const event = { category, action };
  const id = `9-${++sequence}`;
  const source = agent === undefined ? {} : { source: { agent_id: agent } };
  const rest = { run_id: 'r', tenant_id: 't', timestamp: '2026-01-01T00:00:00.000Z' };
  return { kind: 'event', event: { id, sequence, event, data, ...rest, ...source } };
}

const text = (content: string, agent?: string) => item('llm.stream', { content }, agent);
const call = (tool: string, agent: string, id?: string) =>
  item('llm.tool_call', { tool_name: tool, ...(id ? { tool_call_id: id } : {}) }, agent);
const result = (tool: string, agent: string, id?: string) =>
  item('llm.tool_result', { tool_name: tool, ...(id ? { tool_call_id: id } : {}) }, agent);

/** In short: `agent:text` for texts, `tool call>result` by sequence. */
function short(rows: readonly StoryItem[]): string[] {
  return rows.map((row) => {
    if (row.kind === 'text') return `${row.agentId ?? 'run'}:${row.text}`;
    if (row.kind === 'tool') {
      return `${row.name} ${row.call?.sequence ?? 'none'}>${row.result?.sequence ?? 'none'}`;
    }
    if (row.kind === 'dispatch')
      return `${row.agentId}→${row.name} ${row.dispatch.sequence}>${row.started?.sequence ?? 'none'}`;
    return row.kind === 'event' ? `${row.event.event.category}.${row.event.event.action}` : row.kind;
  });
}

describe('joinText()', () => {
  it('joins what each agent says, though others speak in between, until it says something else', () => {
    const items = [text('a', 'x'), text('1', 'y'), text('b', 'x'), text('2', 'y'), text('run')];
    const rows = joinText([...items, item('agent.completed', {}, 'x'), text('c', 'x'), text('3', 'y')]);
    expect(short(rows)).toEqual(['x:ab', 'y:123', 'run:run', 'agent.completed', 'x:c']);
    expect(rows[0]).toMatchObject({ type: 'llm.stream', count: 2 });
    expect(rows[1]).toMatchObject({ first: items[1]?.event, last: { data: { content: '3' } } });
  });

  it('joins nothing over a gap, nor reasoning with what is said', () => {
    const gap = { reason: 'trimmed', after_id: null, first_available_id: null, missed: 1 } as const;
    const thought = item('llm.reasoning', { content: 'hm' }, 'x');
    const rows = joinText([text('a', 'x'), { kind: 'gap', gap }, text('b', 'x'), thought, text('c', 'x')]);
    expect(short(rows)).toEqual(['x:a', 'gap', 'x:b', 'x:hm', 'x:c']);
  });

  it('stands content that is no text', () => {
    expect(short(joinText([text('a', 'x'), item('llm.stream', { content: 7 }, 'x')]))).toEqual(['x:a']);
  });
});

describe('pairTools()', () => {
  it('pairs by the id of the call, or else with the first call of the agent and the tool', () => {
    sequence = 0;
    const calls = [call('bash', 'x', 'i'), call('bash', 'x', 'j'), call('bash', 'x', 'k')];
    const results = [result('bash', 'x', 'i'), result('bash', 'x', 'k'), result('bash', 'x', 'j')];
    expect(short(pairTools([...calls, ...results]))).toEqual(['bash 1>4', 'bash 2>6', 'bash 3>5']);
    sequence = 0;
    const unnamed = [call('read', 'x'), call('read', 'x'), call('read', 'y')];
    const answers = [result('read', 'x'), result('read', 'x')];
    expect(short(pairTools([...unnamed, ...answers]))).toEqual(['read 1>4', 'read 2>5', 'read 3>none']);
  });

  it('shows a result without a call, and gives it to no call that comes later', () => {
    sequence = 0;
    const rows = pairTools([result('bash', 'x', 'i'), call('bash', 'x', 'i'), text('a', 'x')]);
    expect(short(rows)).toEqual(['bash none>1', 'bash 2>none', 'llm.stream']);
  });
});

describe('pairDispatches()', () => {
  const dispatch = (name: string) => item('dispatch.worker', { name, task: 'x' }, 'boss');
  const started = (agent: string) => item('agent.started', {}, agent);

  it('pairs who begins with the first that names it, by id, name or team, and leaves all others', () => {
    sequence = 0;
    const items = [dispatch('x'), dispatch('y'), dispatch('x'), started('y'), started('z'), started('x')];
    expect(short(pairDispatches(items))).toEqual([
      'boss→x 1>6',
      'boss→y 2>4',
      'boss→x 3>none',
      'agent.started',
    ]);
    sequence = 0;
    const bob = dispatch('Bob');
    const team = item('dispatch.team', { name: 'reds' }, 'boss');
    const [one, two] = [started('a'), started('b')];
    for (const { event } of [one, two])
      event.source = { agent_id: event.source?.agent_id ?? '', agent_name: 'Bob', team_name: 'reds' };
    expect(short(pairDispatches([bob, team, one, two]))).toEqual(['boss→Bob 1>3', 'boss→reds 2>4']);
  });

  it('takes nothing for a dispatch that says no name, nor the run itself for an agent', () => {
    const items = [item('dispatch.worker', { task: 'x' }, 'boss'), item('agent.started', {}), dispatch('x')];
    sequence = 0;
    expect(short(pairDispatches(items))).toEqual([
      'dispatch.worker',
      'agent.started',
      expect.stringMatching(/none/),
    ]);
  });

  it('parts what an agent said before it was started again', () => {
    sequence = 0;
    const rows: StoryItem[] = [];
    const items = [text('a', 'x'), dispatch('x'), started('x'), text('b', 'x')];
    for (const one of items) addToStory(rows, one);
    expect(short(rows)).toEqual(['x:a', 'boss→x 2>3', 'x:b']);
  });
});

describe('addToStory()', () => {
  it('tells item by item what all tell of all together', () => {
    const items = [
      text('a', 'x'),
      call('bash', 'x'),
      text('1', 'y'),
      result('bash', 'x'),
      text('b', 'x'),
      text('c', 'x'),
      item('dispatch.worker', { name: 'z' }, 'y'),
      item('agent.started', {}, 'z'),
    ];
    const rows: StoryItem[] = [];
    for (const one of items) addToStory(rows, one);
    expect(rows).toEqual(pairDispatches(pairTools(joinText(items))));
  });
});

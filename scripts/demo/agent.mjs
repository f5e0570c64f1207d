import { setTimeout as delay } from 'node:timers/promises';

const STEP_MS = 150;
const source = { agent_id: 'demo-agent', agent_type: 'worker', agent_name: 'Reviewer' };
const ANSWER =
  'The change is sound. One test is missing: what happens when the list is empty? Apart from that, merge it.';

/** A small agent at work: it thinks, uses a tool, and says its answer word by word. */
export async function* agentAtWork(signal) {
  const steps = [
    event('agent.started', { message: 'Reviewing the change' }),
    event('llm.reasoning', { content: 'First I read what was changed.' }),
    event('llm.tool_call', { tool_name: 'read_file', arguments: { path: 'src/list.ts' } }),
    event('llm.tool_result', { tool_name: 'read_file', result: 'export const first = (list) => list[0];' }),
    ...ANSWER.split(' ').map((word) => event('llm.stream', { content: `${word} ` })),
    event('llm.completed', { message: ANSWER }),
    event('agent.completed', { message: 'Done' }),
    // Without a source it speaks for the run, and ends it.
    { ...event('lifecycle.completed', { result: { approved: true } }), source: null },
  ];
  for (const step of steps) {
    yield step;
    await delay(STEP_MS, undefined, { signal });
  }
}

function event(type, data) {
  const [category, action] = type.split('.');
  return { event: { category, action }, source, data };
}

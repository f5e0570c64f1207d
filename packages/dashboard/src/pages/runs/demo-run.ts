import type { EventInput } from '@runstream/client';
import { client } from '../../service/client.js';
import { sleep } from '../../store/visibility.js';

const TASK = 'Demo: fix a flaky test';
const WORD_MS = 60;

const agent = (agent_id: string) => ({ agent_id });
const event = (type: string, agent_id: string, data: Record<string, unknown>): EventInput => {
  const [category = '', action = ''] = type.split('.');
  return { event: { category, action }, source: agent(agent_id), data };
};

/** What the demo says: text comes word by word. */
const SCRIPT: readonly EventInput[] = [
  ...words('planner', 'The checkout test fails on Mondays only. I will ask a coder to look at its dates.'),
  event('log.stdout', 'coder', { line: 'npm test -- checkout' }),
  event('log.stdout', 'coder', { line: '\u001b[31m✕ applies the weekend rate\u001b[0m (3 ms)' }),
  ...words(
    'coder',
    'The date is mocked with a fixed Monday, so the weekend rate is never applied. I mock a Saturday.',
  ),
  event('log.stdout', 'coder', { line: '\u001b[32m✓ applies the weekend rate\u001b[0m (2 ms)' }),
];

function words(agent_id: string, text: string): EventInput[] {
  return text.split(/(?<= )/).map((content) => event('llm.stream', agent_id, { content }));
}

/** Starts a run to look at: a recording where the service plays some, else one that this page tells itself. @returns its id */
export async function playDemo(): Promise<string> {
  const { executors } = await client.executors.list();
  const replay = executors.find(({ name, live_instances }) => name === 'replay' && live_instances > 0);
  const recording = firstRecording(replay?.input_schema);
  if (recording !== undefined)
    return (await client.runs.create({ task: TASK, executor: 'replay', input: { recording } })).id;
  const { id } = await client.runs.create({ task: TASK, labels: { demo: 'yes' } });
  // It goes on while other pages are shown; with the tab closed it ends as an idle run does.
  void tell(id).catch(() => undefined);
  return id;
}

function firstRecording(schema: unknown): string | undefined {
  const { properties } = (schema ?? {}) as { properties?: { recording?: { enum?: unknown[] } } };
  const name = properties?.recording?.enum?.[0];
  return typeof name === 'string' ? name : undefined;
}

async function tell(id: string): Promise<void> {
  const open = new AbortController();
  const writer = client.append(id);
  for (const one of SCRIPT) {
    await writer.write(one);
    await sleep(WORD_MS, open.signal);
  }
  await writer.end('completed', { result: 'The test passes on every day of the week.' });
}

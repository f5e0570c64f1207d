import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AdaptersModule } from '../../src/adapters/index.js';
import type { Client } from '../conformance/client.js';
import { eventOf, terminal } from '../conformance/model.js';
import { type Host, startHost } from '../embedding/host.js';
import { TestBed } from '../support/test-bed.js';
import { framesOf } from './frames.js';

const bed = new TestBed();
let host: Host;
let api: Client;

beforeAll(async () => {
  host = await startHost({ imports: [AdaptersModule.forRoot({ agUi: { prefix: '/agents/mine' } })] });
  bed.onClose(() => host.close());
  api = bed.client(host);
});
afterAll(() => bed.close());

const post = (body: object, headers: Record<string, string> = {}) =>
  fetch(`${host.url}/agents/mine`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const eventsOf = async (answer: Response) =>
  (await framesOf(answer)).frames.map(({ data }) => JSON.parse(data) as unknown);

describe('an agent of AG-UI, in an application of others', () => {
  it('is a run, which the same runId again replays', async () => {
    const input = {
      threadId: 't1',
      runId: 'mine',
      messages: [{ id: 'u1', role: 'user', content: 'Hello?' }],
    };
    const first = await post(input);
    const { runs } = (await api.get('/runs', { key: 't1' })).json<{ runs: { id: string; task: string }[] }>();
    expect(runs).toEqual([expect.objectContaining({ task: 'Hello?' })]);
    const id = runs[0]?.id ?? '';
    await api.append(id, eventOf('llm.stream', { content: 'Hi' }));
    await api.append(id, terminal());
    const told = await eventsOf(first);
    expect(told).toEqual([
      { type: 'RUN_STARTED', threadId: 't1', runId: 'mine' },
      { type: 'TEXT_MESSAGE_START', messageId: `${id}-2`, role: 'assistant' },
      { type: 'TEXT_MESSAGE_CONTENT', messageId: `${id}-2`, delta: 'Hi' },
      { type: 'TEXT_MESSAGE_END', messageId: `${id}-2` },
      { type: 'RUN_FINISHED', threadId: 't1', runId: 'mine' },
    ]);
    expect(await eventsOf(await post({ ...input, messages: [] }))).toEqual(told);
    expect((await eventsOf(await post({ threadId: 't1', runId: id }))).length).toBe(told.length);
    expect((await post({ threadId: 't1' })).status).toBe(400);
  });

  it('belongs to the trace that its request came in, and a retry is the same request', async () => {
    const input = { threadId: 't2', runId: 'traced', messages: [{ id: 'u1', role: 'user', content: 'x' }] };
    const traceparent = (span: string) => `00-0af7651916cd43dd8448eb211c80319c-${span}-01`;
    const first = traceparent('b7ad6b7169203331');
    const key = { 'idempotency-key': 'traced' };
    const answers = [await post(input, { ...key, traceparent: first })];
    answers.push(await post(input, { ...key, traceparent: traceparent('00f067aa0ba902b7') }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const { runs } = (await api.get('/runs', { key: 't2' })).json<{
      runs: { id: string; context: object }[];
    }>();
    expect(runs).toEqual([
      expect.objectContaining({ context: expect.objectContaining({ traceparent: first }) }),
    ]);
    await api.append(runs[0]?.id ?? '', terminal());
    await Promise.all(answers.map(eventsOf));
  });

  it('refuses options that are wrong, by name', () => {
    expect(() =>
      AdaptersModule.forRoot({ agUi: { prefix: 'agents/' }, langGraph: { x: 1 } as object }),
    ).toThrow(/adapters\.agUi\.prefix must be a path.*\n.*There is no option "adapters\.langGraph\.x"/);
  });
});

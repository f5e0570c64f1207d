import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../conformance/client.js';
import { eventOf, terminal } from '../conformance/model.js';
import type { SseFrame } from '../conformance/sse-parser.js';
import { TestKeys } from '../access/keys.js';
import { eventually } from '../support/eventually.js';
import { testRedisUrl } from '../support/redis.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { TestBed } from '../support/test-bed.js';
import { framesOf } from './frames.js';

const bed = new TestBed();
let api: Client;
let url: string;

beforeAll(async () => {
  const service = await bed.serveHere({ ADAPTERS: 'ai-sdk', EVENT_MAX_LENGTH: '50' });
  ({ url } = service);
  api = bed.client(service);
});
afterAll(() => bed.close());

const say = (runId: string, content: string) => api.append(runId, eventOf('llm.stream', { content }));
const resume = (chat: string, query = '') => fetch(`${url}/api/chat/${chat}/stream${query}`);
const post = (path: string, body?: object) =>
  fetch(`${url}/api/chat${path}`, {
    method: 'POST',
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });

async function chunksOf(response: Response): Promise<unknown[]> {
  const { frames } = await framesOf(response);
  return frames.map(({ data }) => (data === '[DONE]' ? data : (JSON.parse(data) as unknown)));
}

describe('useChat', () => {
  it('starts a run with what it sends, and is streamed its message', async () => {
    const body = {
      id: 'chat-1',
      messages: [{ id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Hello?' }] }],
      trigger: 'submit-message',
      mine: 1,
    };
    const answer = await post('', body);
    expect([answer.status, answer.headers.get('x-vercel-ai-ui-message-stream')]).toEqual([200, 'v1']);
    const [run] = (await api.get('/runs', { key: 'chat-1' })).json<{ runs: { id: string; task: string }[] }>()
      .runs;
    const id = run?.id ?? '';
    expect(await api.run(id)).toMatchObject({ task: 'Hello?', executor: 'external', input: body });
    await say(id, 'Hi');
    await api.append(id, terminal());
    expect(await chunksOf(answer)).toEqual([
      { type: 'start', messageId: id },
      { type: 'start-step' },
      { type: 'text-start', id: 'text-2' },
      { type: 'text-delta', id: 'text-2', delta: 'Hi' },
      { type: 'text-end', id: 'text-2' },
      { type: 'finish-step' },
      { type: 'finish' },
      '[DONE]',
    ]);
  });

  it('goes on with the message whose tools it answers', async () => {
    const answer = await post('', { id: 'chat-2', messages: [{ id: 'a1', role: 'assistant', parts: [] }] });
    const [run] = (await api.get('/runs', { key: 'chat-2' })).json<{ runs: { id: string }[] }>().runs;
    await api.append(run?.id ?? '', terminal());
    expect((await chunksOf(answer))[0]).toEqual({ type: 'start', messageId: 'a1' });
    expect((await chunksOf(await resume('chat-2', '?ended=replay')))[0]).toEqual({
      type: 'start',
      messageId: 'a1',
    });
  });

  it('resumes the newest run of a chat with the whole message, and has nothing to resume after its end', async () => {
    await api.createRun({ key: 'chat-3' });
    const { id } = await api.createRun({ key: 'chat-3' });
    await say(id, 'a');
    const first = await resume('chat-3');
    await say(id, 'b');
    const second = await resume('chat-3');
    await api.append(id, terminal());
    const told = await chunksOf(first);
    expect(told).toContainEqual({ type: 'text-delta', id: 'text-2', delta: 'b' });
    expect(await chunksOf(second)).toEqual(told);
    expect((await resume('chat-3')).status).toBe(204);
    expect(await chunksOf(await resume('chat-3', '?ended=replay&other=1'))).toEqual(told);
    expect((await resume('nobody')).status).toBe(204);
  });

  it('cancels the run at a stop, once or more often', async () => {
    const { id } = await api.createRun({ key: 'chat-4' });
    const open = await resume('chat-4');
    expect((await post('/chat-4/stop')).status).toBe(204);
    expect((await chunksOf(open)).slice(-2)).toEqual([{ type: 'abort' }, '[DONE]']);
    expect((await api.run(id)).status).toBe('cancelled');
    expect((await post('/chat-4/stop')).status).toBe(204);
    expect((await post('/nobody/stop')).status).toBe(204);
  });

  it('is told when the run is deleted, and when its beginning is no longer kept', async () => {
    const { id } = await api.createRun({ key: 'chat-5' });
    await say(id, 'a');
    const open = await resume('chat-5');
    const chunks = chunksOf(open.clone());
    // What it was given says that it watches: one that only begins to is cut off, and asks again.
    await open.body!.getReader().read();
    await api.request('DELETE', `/runs/${id}`);
    expect((await chunks).slice(-2)).toEqual([
      { type: 'error', errorText: 'The run was deleted.' },
      '[DONE]',
    ]);
    const long = await api.createRun({ key: 'chat-6' });
    for (let i = 0; i < 5; i++)
      await api.append(
        long.id,
        Array.from({ length: 100 }, () => eventOf('llm.stream', { content: 'x' })),
      );
    expect(await chunksOf(await resume('chat-6'))).toEqual([
      { type: 'error', errorText: expect.stringContaining('no longer kept') },
      '[DONE]',
    ]);
  });

  it('has errors whose text can be shown', async () => {
    const answer = await post('', { messages: [] });
    expect([answer.status, await answer.json()]).toEqual([
      400,
      {
        error: expect.stringContaining('id: must be a text'),
        code: 'VALIDATION_FAILED',
        request_id: expect.any(String),
      },
    ]);
  });

  it('is cut off, and not told an end, when the service stops before the run', async () => {
    const other = await bed.serveHere({ ADAPTERS: 'ai-sdk' });
    const { id } = await api.createRun({ key: 'chat-7' });
    await say(id, 'a');
    const got: SseFrame[] = [];
    const reading = framesOf(await fetch(`${other.url}/api/chat/chat-7/stream`), got);
    await eventually('the delta came', () => got.length === 4);
    await other.stop();
    const { frames, whole } = await reading;
    expect([whole, frames.at(-1)?.data]).toEqual([
      false,
      JSON.stringify({ type: 'text-delta', id: 'text-2', delta: 'a' }),
    ]);
  });

  it('is looked up in its turn, however many others one caller asks for', async () => {
    const line = await startTcpProxy(Number(new URL(testRedisUrl()).port));
    const redis = new URL(testRedisUrl());
    redis.port = String(line.port);
    const [slow, keys] = await Promise.all([
      // One lookup at a time.
      bed.serveHere({
        ADAPTERS: 'ai-sdk',
        AUTH_MODE: 'api-key',
        REDIS_URL: redis.href,
        REDIS_MAX_BULK_READ_BYTES: '65536',
      }),
      TestKeys.open(),
    ]);
    const [greedy, other] = await Promise.all([keys.create('default'), keys.create('default')]);
    const { id } = await api.createRun({ key: 'chat-8' });
    await api.append(id, terminal());
    const order: string[] = [];
    const look = async (who: string, { headers }: { headers: Readonly<Record<string, string>> }) => {
      const { status } = await fetch(`${slow.url}/api/chat/chat-8/stream`, { headers });
      order.push(`${who} ${status}`);
    };
    await Promise.all([look('first', greedy), look('first', other)]);
    order.length = 0;
    line.latency(20);
    // In one burst, the other one last: first come, first served would answer it last, too.
    await Promise.all([...Array.from({ length: 40 }, () => look('greedy', greedy)), look('other', other)]);
    expect(order).toContain('other 204');
    expect(order.indexOf('other 204')).toBeLessThan(30);
    await keys.close();
    await line.close();
  });
});

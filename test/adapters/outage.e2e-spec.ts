import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../conformance/client.js';
import { eventOf, terminal } from '../conformance/model.js';
import type { SseFrame } from '../conformance/sse-parser.js';
import { eventually } from '../support/eventually.js';
import type { RedisServer } from '../support/redis.js';
import { TestBed } from '../support/test-bed.js';
import { framesOf } from './frames.js';

const bed = new TestBed();
let redis: RedisServer;
let api: Client;
let url: string;

beforeAll(async () => {
  redis = await bed.startRedis({ appendOnly: true });
  const service = await bed.serveHere({
    ADAPTERS: 'ai-sdk,langgraph,openai,durable-streams,ag-ui',
    REDIS_URL: redis.url,
    REDIS_COMMAND_TIMEOUT_MS: '500',
  });
  ({ url } = service);
  api = bed.client(service);
});
afterAll(() => bed.close());

interface Route {
  method?: string;
  path: string;
  body?: object;
  headers?: Record<string, string>;
}

const ask = ({ method = 'GET', path, body, headers = {} }: Route) =>
  fetch(`${url}${path}`, {
    method,
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });

/** The stream of a run in each protocol. */
const streamsOf = (key: string, id: string): Record<string, Route> => ({
  'ai-sdk': { path: `/api/chat/${key}/stream?ended=replay` },
  langgraph: { path: `/threads/${key}/runs/${id}/stream` },
  openai: { path: `/v1/responses/${id}?stream=true` },
  'durable-streams': { path: `/streams/${id}?offset=-1&live=sse` },
  'ag-ui': { method: 'POST', path: '/ag-ui', body: { threadId: key, runId: id } },
});

const OURS = expect.objectContaining({ code: 'REDIS_UNAVAILABLE', message: expect.any(String) });
const AI_SDK = expect.objectContaining({ error: expect.any(String), code: 'REDIS_UNAVAILABLE' });
const LANGGRAPH = expect.objectContaining({ detail: expect.any(String), code: 'REDIS_UNAVAILABLE' });
const OPENAI = {
  error: expect.objectContaining({ type: 'server_error', code: 'REDIS_UNAVAILABLE', param: null }),
};

/** All that adapters have, with the form of their errors. */
const routesOf = (key: string, id: string): [Route, unknown][] => {
  const streams = streamsOf(key, id);
  const post = (path: string, body?: object): Route => ({ method: 'POST', path, ...(body && { body }) });
  return [
    [streams['ai-sdk']!, AI_SDK],
    [post('/api/chat', { id: key, messages: [] }), AI_SDK],
    [post(`/api/chat/${key}/stop`), AI_SDK],
    [streams['langgraph']!, LANGGRAPH],
    [{ ...streams['langgraph']!, headers: { 'last-event-id': '1795279279000-1' } }, LANGGRAPH],
    [{ path: `/runs/${id}/stream` }, LANGGRAPH],
    [{ path: `/threads/${key}/runs/${id}` }, LANGGRAPH],
    [{ path: `/threads/${key}/runs/${id}/join` }, LANGGRAPH],
    [post(`/threads/${key}/runs/${id}/cancel`), LANGGRAPH],
    [streams['openai']!, OPENAI],
    [{ path: `/v1/responses/${id}` }, OPENAI],
    [post(`/v1/responses/${id}/cancel`), OPENAI],
    [streams['durable-streams']!, OURS],
    [{ path: `/streams/${id}` }, OURS],
    [{ path: `/streams/${id}?offset=now&live=long-poll` }, OURS],
    [streams['ag-ui']!, OURS],
  ];
};

describe('while Redis is away', () => {
  it('every route says so in the form of its protocol, and open streams go on behind it', async () => {
    const key = 'outage';
    const { id } = await api.createRun({ key });
    const say = (content: string) => api.append(id, eventOf('llm.stream', { content }));
    await say('a');
    const open = await Promise.all(
      Object.entries(streamsOf(key, id)).map(async ([name, route]) => {
        const frames: SseFrame[] = [];
        return { name, route, frames, reading: framesOf(await ask(route), frames) };
      }),
    );
    const have = (text: string) =>
      eventually(`all have "${text}"`, () =>
        open.every(({ frames }) => frames.some(({ data }) => data.includes(`"${text}"`))),
      );
    await have('a');

    await redis.kill();
    await eventually('it is noticed', async () => (await api.get('/health/ready')).status === 503);
    for (const [route, form] of routesOf(key, id)) {
      const answer = await ask(route);
      const body: unknown = JSON.parse(await answer.text());
      expect([route, answer.status, Number(answer.headers.get('retry-after')) > 0, body]).toEqual([
        route,
        503,
        true,
        form,
      ]);
    }
    const head = await ask({ method: 'HEAD', path: `/streams/${id}` });
    expect([head.status, Number(head.headers.get('retry-after')) > 0]).toEqual([503, true]);

    await redis.restart();
    await eventually('it serves again', async () => (await api.get('/health/ready')).status === 200);
    await say('b');
    await have('b');
    await api.append(id, terminal());
    for (const { name, route, frames, reading } of open) {
      expect([name, (await reading).whole]).toEqual([name, true]);
      // Begun again it is the same: nothing is missing, and nothing came twice.
      const again = await framesOf(await ask(route));
      const told = (all: readonly SseFrame[]) =>
        all.filter(({ event }) => event !== 'control').map(({ event, data }) => [event, data]);
      expect([name, told(frames)]).toEqual([name, told(again.frames)]);
    }
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestKey, TestKeys } from '../access/keys.js';
import type { SseFrame } from '../conformance/sse-parser.js';
import { eventually } from '../support/eventually.js';
import { TestBed } from '../support/test-bed.js';
import { framesOf } from './frames.js';

const PAGE = 'https://page.example';
const SETTINGS = {
  ADAPTERS: 'ai-sdk,langgraph,openai,durable-streams,ag-ui',
  AUTH_MODE: 'api-key',
  MULTI_TENANCY_ENABLED: 'true',
};

const bed = new TestBed();
let url: string;
let keys: TestKeys;
let key: TestKey;

beforeAll(async () => {
  const service = await bed.serveHere({ ...SETTINGS, MAX_OPEN_STREAMS: '2' });
  ({ url } = service);
  keys = await TestKeys.open();
  bed.onClose(() => keys.close());
  key = await keys.create('adapters');
});
afterAll(() => bed.close());

const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${url}${path}`, { headers });
const post = (path: string, body: object, headers: Readonly<Record<string, string>>) =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

async function newRun(chat: string): Promise<string> {
  const answer = await post('/runs', { task: 'x', key: chat }, key.headers);
  return ((await answer.json()) as { id: string }).id;
}

describe('the routes of adapters', () => {
  it('need a credential of the tenant, with the scope', async () => {
    const id = await newRun('c1');
    const paths = ['/api/chat/c1/stream', `/threads/c1/runs/${id}`, `/v1/responses/${id}`, `/streams/${id}`];
    const stranger = await keys.create('somebody-else');
    const writer = await keys.create('adapters', ['runs:write']);
    for (const path of paths) {
      expect([path, (await get(path)).status]).toEqual([path, 401]);
      expect([path, (await get(path, writer.headers)).status]).toEqual([path, 403]);
      const status = path.startsWith('/api') ? 204 : 404;
      expect([path, (await get(path, stranger.headers)).status]).toEqual([path, status]);
    }
    expect((await post('/api/chat', { id: 'c1', messages: [] }, writer.headers)).status).toBe(403);
    expect((await post('/ag-ui', { threadId: 'c1', runId: 'x' }, writer.headers)).status).toBe(403);
  });

  it('take a key in x-api-key where LangGraph sends it, and nowhere else', async () => {
    const id = await newRun('c2');
    const headers = { 'x-api-key': key.secret };
    expect((await get(`/threads/c2/runs/${id}`, headers)).status).toBe(200);
    expect((await get(`/threads/c2/runs/${id}`, { 'x-api-key': 'wrong' })).status).toBe(401);
    expect((await get(`/v1/responses/${id}`, headers)).status).toBe(401);
    expect((await get(`/runs/${id}`, headers)).status).toBe(401);
  });

  it('are refused in the form of their protocol, before any of their code is asked', async () => {
    const answer = await get('/v1/responses/x');
    expect(await answer.json()).toEqual({ error: expect.objectContaining({ code: 'UNAUTHORIZED' }) });
  });

  it('count as open streams, and end with their credential', async () => {
    await newRun('c3');
    const guest = await keys.create('adapters');
    const frames: SseFrame[] = [];
    const open = await get('/api/chat/c3/stream', guest.headers);
    const reading = framesOf(open, frames);
    const full = await get('/api/chat/c3/stream', guest.headers);
    expect([open.status, full.status]).toEqual([200, 503]);
    await keys.revoke('adapters', guest.id);
    expect((await reading).whole).toBe(false);
    await eventually('the place is free', async () => {
      const { body, status } = await get('/api/chat/c3/stream', key.headers);
      await body?.cancel();
      return status === 200;
    });
  });

  it('can be called by pages of the origins in CORS_ORIGINS, with all that their clients send and read', async () => {
    const id = await newRun('c4');
    const { url: called } = await bed.serveHere({ ...SETTINGS, CORS_ORIGINS: PAGE });
    const sent = 'authorization,content-type,last-event-id,x-api-key,idempotency-key,x-stainless-lang';
    const routes = [
      ['POST', '/api/chat', 400],
      ['GET', '/api/chat/c4/stream', 200],
      ['POST', '/api/chat/nobody/stop', 204],
      ['GET', `/threads/c4/runs/${id}/stream`, 200, 'Location'],
      ['GET', `/runs/${id}/stream`, 200, 'Location'],
      ['GET', `/threads/c4/runs/${id}`, 200],
      ['GET', `/v1/responses/${id}?stream=true`, 200],
      ['GET', `/v1/responses/${id}`, 200],
      ['POST', '/v1/responses/nobody/cancel', 404],
      ['GET', `/streams/${id}`, 200, 'Stream-Next-Offset'],
      ['GET', `/streams/${id}?offset=-1&live=sse`, 200, 'Stream-Cursor'],
      ['POST', '/ag-ui', 400],
    ] as const;
    for (const [method, path, status, read = 'Retry-After'] of routes)
      for (const origin of [PAGE, 'https://evil.example']) {
        const asked = await fetch(`${called}${path}`, {
          method: 'OPTIONS',
          headers: {
            origin,
            'access-control-request-method': method,
            'access-control-request-headers': sent,
          },
        });
        const allowed = origin === PAGE ? origin : null;
        expect([path, origin, asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([
          path,
          origin,
          204,
          allowed,
        ]);
        expect(asked.headers.get('access-control-allow-headers')).toBe(sent);
        expect(asked.headers.get('access-control-allow-methods')?.split(',')).toContain(method);
        const answer = await fetch(`${called}${path}`, { method, headers: { ...key.headers, origin } });
        await answer.body?.cancel();
        expect([path, origin, answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([
          path,
          origin,
          status,
          allowed,
        ]);
        expect(answer.headers.get('access-control-expose-headers')?.split(',')).toContain(read);
      }
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../conformance/client.js';
import { eventOf, terminal } from '../conformance/model.js';
import { TestBed } from '../support/test-bed.js';
import { framesOf } from './frames.js';

const bed = new TestBed();
let api: Client;
let url: string;

beforeAll(async () => {
  const service = await bed.serveHere({ ADAPTERS: 'langgraph' });
  ({ url } = service);
  api = bed.client(service);
});
afterAll(() => bed.close());

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${url}${path}`, { headers });
const idsOf = async (answer: Response) => (await framesOf(answer)).frames.map(({ id }) => id);

async function finishedRun(key?: string) {
  const run = await api.createRun(key === undefined ? {} : { key });
  await api.append(run.id, [eventOf('llm.stream', { content: 'a' }), eventOf('log.stdout', { line: 'b' })]);
  await api.append(run.id, terminal());
  return { ...run, ids: (await api.history(run.id)).map(({ id }) => id) };
}

describe('joinStream', () => {
  it('gives the log after any of its ids, and says where to come back to', async () => {
    const { id, ids } = await finishedRun('thread/1');
    const path = `/threads/thread%2F1/runs/${id}`;
    const answer = await get(`${path}/stream?stream_mode=values&cancel_on_disconnect=0`);
    expect([answer.headers.get('location'), answer.headers.get('content-location')]).toEqual([
      `${path}/stream`,
      path,
    ]);
    expect(await idsOf(answer)).toEqual(ids);
    for (const [index, cursor] of ids.entries())
      expect(await idsOf(await get(`${path}/stream`, { 'last-event-id': cursor }))).toEqual(
        ids.slice(index + 1),
      );
    expect(await idsOf(await get(`/runs/${id}/stream`, { 'last-event-id': '-1' }))).toEqual(ids);
  });

  it('knows runs by their thread, tells how they stand, waits for them and cancels them', async () => {
    const { id } = await api.createRun({ key: 't2', labels: { a: 'b' } });
    const path = `/threads/t2/runs/${id}`;
    expect(await (await get(path)).json()).toMatchObject({
      run_id: id,
      thread_id: 't2',
      status: 'running',
      metadata: { a: 'b' },
    });
    const missing = await get(`/threads/other/runs/${id}/stream`);
    expect([missing.status, await missing.json()]).toEqual([
      404,
      { detail: expect.stringContaining('no run'), code: 'RUN_NOT_FOUND', request_id: expect.any(String) },
    ]);
    const joined = get(`${path}/join`);
    expect((await fetch(`${url}${path}/cancel?action=rollback`, { method: 'POST' })).status).toBe(400);
    expect((await fetch(`${url}${path}/cancel?wait=1&action=interrupt`, { method: 'POST' })).status).toBe(
      202,
    );
    expect((await fetch(`${url}${path}/cancel`, { method: 'POST' })).status).toBe(202);
    expect(await (await joined).json()).toEqual({ result: null });
    expect(await (await get(path)).json()).toMatchObject({ status: 'interrupted' });
    const alone = await finishedRun();
    expect(await (await get(`/threads/${alone.id}/runs/${alone.id}`)).json()).toMatchObject({
      status: 'success',
    });
  });
});

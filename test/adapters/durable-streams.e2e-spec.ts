import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../conformance/client.js';
import { eventOf, type RecordedEvent, terminal } from '../conformance/model.js';
import { eventually } from '../support/eventually.js';
import { TestBed } from '../support/test-bed.js';
import { framesOf } from './frames.js';

const bed = new TestBed();
let api: Client;
let url: string;

beforeAll(async () => {
  const service = await bed.serveHere({ ADAPTERS: 'durable-streams', EVENT_MAX_LENGTH: '50' });
  ({ url } = service);
  api = bed.client(service);
});
afterAll(() => bed.close());

const read = (runId: string, query = '', method = 'GET') =>
  fetch(`${url}/streams/${runId}${query}`, { method });
const pos = ({ headers }: Response) => headers.get('stream-next-offset') ?? '';
const flags = ({ headers }: Response) => [headers.get('stream-up-to-date'), headers.get('stream-closed')];

describe('a run as a durable stream', () => {
  it('is read in pages, from any offset, and is closed with the run', async () => {
    const { id } = await api.createRun();
    const first = await read(id);
    expect([first.status, flags(first)]).toEqual([200, ['true', null]]);
    expect(await first.json()).toEqual(await api.history(id));
    await api.append(id, eventOf('log.stdout', { line: 'x' }));
    await api.append(id, terminal());
    const log = await api.history(id);
    const rest = await read(id, `?offset=${pos(first)}`);
    expect([flags(rest), await rest.json()]).toEqual([['true', 'true'], log.slice(1)]);
    const end = await read(id, `?offset=${pos(rest)}`);
    expect([end.status, flags(end), await end.json()]).toEqual([200, ['true', 'true'], []]);
    const head = await read(id, '', 'HEAD');
    expect([head.status, flags(head), pos(head)]).toEqual([200, ['true', 'true'], pos(rest)]);
    expect((await read(id, `?offset=now&live=long-poll`)).status).toBe(204);
  });

  it('is waited for in a long poll', async () => {
    const { id } = await api.createRun();
    const waiting = read(id, '?offset=now&live=long-poll&cursor=1');
    await eventually('it waits', async () => (await metric('waits')) === 1);
    await api.append(id, eventOf('log.stdout', { line: 'x' }));
    const answer = await waiting;
    expect([answer.status, flags(answer), Number(answer.headers.get('stream-cursor')) > 1]).toEqual([
      200,
      ['true', null],
      true,
    ]);
    expect(await answer.json()).toEqual((await api.history(id)).slice(1));
  });

  it('is watched over SSE, to its end', async () => {
    const { id } = await api.createRun();
    const open = await read(id, '?offset=-1&live=sse');
    expect(open.headers.get('content-type')).toBe('text/event-stream');
    await api.append(id, eventOf('log.stdout', { line: 'x' }));
    await api.append(id, terminal());
    const { frames } = await framesOf(open);
    const messages = frames
      .filter(({ event }) => event === 'data')
      .flatMap(({ data }) => JSON.parse(data) as RecordedEvent[]);
    expect(messages).toEqual(await api.history(id));
    const control = JSON.parse(frames.at(-1)?.data ?? '') as { streamNextOffset: string };
    expect(control).toMatchObject({ streamClosed: true, upToDate: true });
    const again = await framesOf(await read(id, `?offset=${control.streamNextOffset}&live=sse`));
    expect(again.frames.map(({ event }) => event)).toEqual(['control', 'control']);
  });

  it('is gone for an offset whose events are no longer kept, and takes nothing but reading', async () => {
    const { id } = await api.createRun();
    for (let i = 0; i < 5; i++)
      await api.append(
        id,
        Array.from({ length: 100 }, () => eventOf('log.stdout', { line: 'x' })),
      );
    expect((await read(id)).status).toBe(410);
    expect((await read(id, '?offset=bad')).status).toBe(400);
    expect((await read(id, '?live=sse')).status).toBe(400);
    expect((await read('r0_01kbz6v2m8e7q9n4t3x5c1d2fa')).status).toBe(404);
    const put = await read(id, '', 'PUT');
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });
});

async function metric(bound: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^runstream_in_use\\{bound="${bound}"\\} (\\d+)`, 'm').exec(text)?.[1]);
}

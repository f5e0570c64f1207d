import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CloudEventV1, HTTP } from 'cloudevents';
import { type EventSourceMessage, createParser } from 'eventsource-parser';
import { type RecordedEvent as StoredEvent, toCloudEvent } from '../../src/index.js';
import type { Client } from '../conformance/client.js';
import { eventOf, numbered, terminal } from '../conformance/model.js';
import type { Serving } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';

const BATCH = 'application/cloudevents-batch+json';
const ONE = 'application/cloudevents+json';
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const bed = new TestBed();
let service: Serving;
let api: Client;

beforeAll(async () => {
  service = await bed.serveHere();
  api = bed.client(service);
});
afterAll(() => bed.close());

async function endedRun(): Promise<string> {
  const { id } = await api.createRun();
  await api.append(id, [
    ...Array.from({ length: 5 }, (_, n) => numbered(n)),
    eventOf(
      'log.stdout',
      { '\u2028': 'a\u2028b', __proto: 1, big: 1e300 },
      {
        source: { agent_id: 'a1', team_name: 'red' },
        context: { session_id: 's1', mode: 'rlm', artifact_paths: ['x'], traceparent: TRACE },
        metadata: { left: 'out' },
        idempotency_key: 'k',
      },
    ),
    terminal(),
  ]);
  return id;
}

/** What the CloudEvents SDK makes of an answer: it checks each event against the specification. */
function understood(headers: Headers, body: string): CloudEventV1<unknown>[] {
  const read = HTTP.toEvent({ headers: Object.fromEntries(headers), body });
  return Array.isArray(read) ? read : [read];
}

/** The batches of a history, by their links. */
async function batches(path: string, accept = BATCH): Promise<CloudEventV1<unknown>[][]> {
  const pages: CloudEventV1<unknown>[][] = [];
  let url: string | undefined = service.url + path;
  while (url !== undefined) {
    const response: Response = await fetch(url, { headers: { accept } });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(`${BATCH}; charset=utf-8`);
    expect(response.headers.get('vary')).toContain('Accept');
    pages.push(understood(response.headers, await response.text()));
    const next = /^<(.*)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];
    url = next && new URL(next, url).href;
  }
  return pages;
}

/** The frames of a stream that ends. */
async function frames(path: string, accept: string): Promise<EventSourceMessage[]> {
  const response = await fetch(service.url + path, { headers: { accept } });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(response.headers.get('vary')).toContain('Accept');
  const read: EventSourceMessage[] = [];
  createParser({ onEvent: (message) => read.push(message) }).feed(await response.text());
  return read;
}

describe('CloudEvents', () => {
  it.each([BATCH, ONE, `${BATCH};q=0.5, */*;q=0.1`, ONE.toUpperCase()])(
    'a history is a batch for %s',
    async (accept) => {
      const id = await endedRun();
      const [batch, ...more] = await batches(`/runs/${id}/events`, accept);
      expect(more).toEqual([]);
      const events = (await api.page(id)).events;
      expect(batch).toHaveLength(events.length);
      expect(batch!.map((event) => JSON.parse(JSON.stringify(event)) as unknown)).toEqual(
        events.map((event) => toCloudEvent(event as StoredEvent)),
      );
      expect(batch![6]).toMatchObject({
        id: events[6]!.id,
        source: `/runs/${id}`,
        type: 'log.stdout',
        data: { '\u2028': 'a\u2028b', __proto: 1, big: 1e300 },
        sequence: '0000000000000007',
        tenantid: 'default',
        agentid: 'a1',
        teamname: 'red',
        sessionid: 's1',
        mode: 'rlm',
        traceparent: TRACE,
        idempotencykey: 'k',
      });
    },
  );

  it.each(['asc', 'desc'])('%s: a link leads to the next page, until there is none', async (order) => {
    const id = await endedRun();
    const pages = await batches(`/runs/${id}/events?limit=3&order=${order}`);
    expect(pages.map(({ length }) => length)).toEqual([3, 3, 2]);
    const events = (await api.page(id, { order })).events;
    expect(pages.flat().map((event) => event.id)).toEqual(events.map((event) => event.id));
  });

  it('a page of more than one reading goes on in the next batch, and nothing is lost', async () => {
    const { id } = await api.createRun();
    const text = 'x'.repeat(300_000);
    for (let n = 0; n < 8; n++) await api.append(id, numbered(n, { data: { text } }));
    const pages = await batches(`/runs/${id}/events`);
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.flat().map((event) => event['sequence'])).toEqual(
      Array.from({ length: 9 }, (_, n) => String(n + 1).padStart(16, '0')),
    );
  });

  it('an empty page is an empty batch', async () => {
    const id = await endedRun();
    expect(await batches(`/runs/${id}/events?type=llm.reasoning`)).toEqual([[]]);
  });

  it('a stream has them in its frames, and its other frames as they are', async () => {
    const id = await endedRun();
    const path = `/runs/${id}/events/stream`;
    const own = await frames(path, 'text/event-stream');
    const cloud = await frames(path, `text/event-stream, ${ONE}`);
    expect(cloud.map(({ event, id }) => ({ event, id }))).toEqual(
      own.map(({ event, id }) => ({ event, id })),
    );
    expect(cloud.at(-1)).toEqual(own.at(-1));
    const headers = new Headers({ 'content-type': ONE });
    const events = (await api.page(id)).events;
    const read = cloud.slice(0, -1).flatMap(({ data }) => understood(headers, data));
    expect(read.map((event) => JSON.parse(JSON.stringify(event)) as unknown)).toEqual(
      events.map((event) => toCloudEvent(event as StoredEvent)),
    );
    const unnamed = await frames(`${path}?named=false`, ONE);
    expect(unnamed.map(({ data }) => data)).toEqual(cloud.map(({ data }) => data));
    expect(unnamed[0]!.event).toBeUndefined();
  });

  it('the journal has both forms, too', async () => {
    const id = await endedRun();
    const all = (await batches(`/events?run_id=${id}&limit=1`)).flat();
    expect(all.map((event) => event.type)).toEqual([
      'lifecycle.started',
      'log.stdout',
      'lifecycle.completed',
    ]);
    const response = await fetch(`${service.url}/events/stream?run_id=${id}`, { headers: { accept: ONE } });
    let first: EventSourceMessage | undefined;
    const parser = createParser({
      onEvent: (message) => {
        if (message.event !== 'cursor') first ??= message;
      },
    });
    const decoder = new TextDecoder();
    for await (const bytes of response.body!) {
      parser.feed(decoder.decode(bytes as Uint8Array, { stream: true }));
      if (first) break;
    }
    expect(understood(new Headers({ 'content-type': ONE }), first!.data)[0]).toMatchObject({
      id: all[0]!.id,
      source: `/runs/${id}`,
    });
  });

  it.each(['application/json', '*/*', `${ONE};q=0, application/json`])(
    'who accepts %s is given our own form',
    async (accept) => {
      const id = await endedRun();
      const { headers, text } = await api.request('GET', `/runs/${id}/events`, { headers: { accept } });
      expect(headers['content-type']).toBe('application/json; charset=utf-8');
      expect(JSON.parse(text)).toMatchObject({ run_id: id, count: 8 });
      expect(headers.vary).toContain('Accept');
    },
  );

  it('errors have the body that all errors have', async () => {
    const accept = { headers: { accept: BATCH } };
    const missing = await api.request('GET', '/runs/r0_01kbz6v2m8e7q9n4t3x5c1d2fa/events', accept);
    expect([missing.status, missing.json<{ code: string }>().code]).toEqual([404, 'RUN_NOT_FOUND']);
    const id = await endedRun();
    const wrong = await api.request('GET', `/runs/${id}/events?limit=0`, accept);
    expect([wrong.status, wrong.json<{ code: string }>().code]).toEqual([400, 'VALIDATION_FAILED']);
  });
});

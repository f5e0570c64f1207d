import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expectError, expectStatus, lines, type Client } from '../conformance/client.js';
import {
  eventOf,
  numbered,
  numberedRange,
  terminal,
  type AppendReply,
  type Run,
} from '../conformance/model.js';
import { assertSequences } from '../conformance/watcher.js';
import type { Serving } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';

const bed = new TestBed();

let services: [Serving, Serving];
let api: Client;
let other: Client;

beforeAll(async () => {
  services = await Promise.all([bed.serveHere(), bed.serveHere()]);
  [api, other] = services.map((service) => bed.client(service)) as [Client, Client];
});

afterAll(() => bed.close());

describe('A request that is sent again', () => {
  it('T29 a retried POST /runs makes one run, also when twenty arrive at once at two instances', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const json = { task: 'once', labels: { test: headers['idempotency-key'] } };
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 ? api : other).request('POST', '/runs', { json, headers })),
    );
    const ids = new Set(replies.map((reply) => expectStatus(reply, 201).json<Run>().id));
    expect(ids.size).toBe(1);
    expect(replies.filter((reply) => reply.headers['idempotency-replayed'] === 'true')).toHaveLength(19);
    const list = await api.get('/runs', { label: `test:${headers['idempotency-key']}` });
    expect(list.json<{ count: number }>().count).toBe(1);
  });

  it('T29 the same key with another body is refused, not taken silently', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    await api.request('POST', '/runs', { json: { task: 'a' }, headers });
    const changed = await other.request('POST', '/runs', { json: { task: 'b' }, headers });
    expectError(changed, 409, 'IDEMPOTENCY_CONFLICT');
    const { id } = await api.createRun();
    const again = { 'idempotency-key': randomUUID() };
    await api.append(id, numbered(2), again);
    expectError(await other.post(id, numbered(3), again), 409, 'IDEMPOTENCY_CONFLICT');
    assertSequences(await api.history(id), 1, 2);
  });

  it('T29 a retried append stores nothing twice, with a key for the request or for the event', async () => {
    const { id } = await api.createRun();
    const headers = { 'idempotency-key': randomUUID() };
    const batch = numberedRange(2, 6);
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, n) => (n % 2 ? api : other).post(id, batch, headers)),
    );
    expect(new Set(replies.map((reply) => expectStatus(reply, 201).text)).size).toBe(1);
    const keyed = numbered(7, { idempotency_key: 'seven' });
    const answers = await Promise.all(
      Array.from({ length: 10 }, async (_, n) =>
        (await (n % 2 ? api : other).post(id, keyed)).json<AppendReply>(),
      ),
    );
    expect(new Set(answers.map((answer) => answer.last_id)).size).toBe(1);
    expect(answers.reduce((sum, answer) => sum + answer.duplicates, 0)).toBe(9);
    assertSequences(await api.history(id), 1, 7);
  });

  it('T65 the retry of a terminal append is answered like the first, and not RUN_ENDED', async () => {
    const { id } = await api.createRun();
    const last = terminal('completed', { result: 1 }, { idempotency_key: 'the end' });
    const first = await api.append(id, last);
    const retried = await other.append(id, last);
    expect(retried).toMatchObject({ last_id: first.last_id, duplicates: 1 });
    const uploaded = await api.appendLines(id, [last]);
    expect(uploaded).toMatchObject({ last_id: first.last_id, duplicates: 1 });
    expectError(await api.post(id, numbered(2)), 409, 'RUN_ENDED');

    const { id: second } = await api.createRun();
    const headers = { 'idempotency-key': randomUUID() };
    const replies = [
      await api.post(second, terminal(), headers),
      await other.post(second, terminal(), headers),
    ];
    expect(replies.map((reply) => reply.status)).toEqual([201, 201]);
    expect(replies[1]!.text).toBe(replies[0]!.text);
  });

  it('T65 so is one with Expected-Sequence', async () => {
    const { id } = await api.createRun();
    const headers = { 'expected-sequence': '1' };
    const event = numbered(2, { idempotency_key: 'two' });
    const first = await api.append(id, event, headers);
    expect(await other.append(id, event, headers)).toMatchObject({ last_id: first.last_id, duplicates: 1 });
    const whole = { ...headers, 'expected-sequence': '2', 'idempotency-key': randomUUID() };
    const replies = [await api.post(id, numbered(3), whole), await other.post(id, numbered(3), whole)];
    expect(replies.map((reply) => reply.status)).toEqual([201, 201]);
    expectError(await api.post(id, numbered(4), headers), 409, 'SEQUENCE_CONFLICT');
    assertSequences(await api.history(id), 1, 3);
  });
});

describe('A long upload', () => {
  // Node's own limit is 300 s; what can be shown in less is that it is off, and that time alone ends nothing.
  it('T66 is not cut by the server’s time limit for requests', async () => {
    const service = await bed.startApplication();
    try {
      expect(service.server.requestTimeout).toBe(0);
      const client = bed.client(service);
      const { id } = await client.createRun();
      const watcher = await client.watch(id);
      const upload = client.openUpload(id);
      for (let n = 2; n <= 21; n++) {
        upload.request.write(lines([numbered(n)]));
        await watcher.untilEvents(n); // each is stored as it arrives, not at the end
        await delay(100);
      }
      upload.request.end();
      expect((await upload.response).statusCode).toBe(200);
    } finally {
      await service.close();
    }
  });

  it('T66 that sends nothing any more is cut, and what had arrived is stored', async () => {
    const service = await bed.startApplication({ runs: { uploadIdleMs: 300 } });
    try {
      const client = bed.client(service);
      const { id } = await client.createRun();
      const upload = client.openUpload(id);
      upload.request.write(lines(numberedRange(2, 5)) + '{"event":');
      await upload.response.catch(() => undefined);
      expect((await client.run(id)).sequence).toBe(5);
    } finally {
      await service.close();
    }
  });
});

describe('What belongs to the caller', () => {
  const KEPT = String.raw`{"constructor":{"name":"x","prototype":[]},"__proto__":{"polluted":true},"toString":"no function","hasOwnProperty":0,"valueOf":null,"then":{"then":1},"length":-1,"":"","a.b":{"$ref":"#"},"deep":[[[[{"__proto__":{"constructor":1}}]]]],"date":"2026-11-21T17:01:19.000Z","type":"Buffer","numbers":[0,-1.5,9007199254740991,-9007199254740991,1e21,5e-324,1.7976931348623157e308]}`;

  it('T64 data, metadata and input come back as they were, whatever their keys', async () => {
    const created = await api.request('POST', '/runs', { body: `{"task":"x","input":${KEPT}}` });
    const { id } = expectStatus(created, 201).json<Run>();
    const body = `{"event":{"category":"llm","action":"stream"},"data":${KEPT},"metadata":${KEPT}}`;
    for (const contentType of ['application/json', 'application/x-ndjson']) {
      expect((await api.request('POST', `/runs/${id}/events`, { body, contentType })).status).toBeLessThan(
        300,
      );
    }
    const live = await api.watch(id);
    await live.untilEvents(3);
    const history = (await api.get(`/runs/${id}/events`)).text;
    const texts = [history, history, live.frames[1]!.data, live.frames[2]!.data];
    for (const text of texts) {
      expect(text).toContain(`"data":${canonical(KEPT)}`);
      expect(text).toContain(`"metadata":${canonical(KEPT)}`);
    }
    expect((await other.get(`/runs/${id}`)).text).toContain(`"input":${canonical(KEPT)}`);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('T64 a number that is no double is refused, and none is changed silently', async () => {
    const { id } = await api.createRun();
    for (const number of ['1e400', '-1e400', '[{"a":1e999}]']) {
      const body = `{"event":{"category":"llm","action":"stream"},"data":{"n":${number}}}`;
      expectError(await api.request('POST', `/runs/${id}/events`, { body }), 400, 'VALIDATION_FAILED');
      const created = await api.request('POST', '/runs', { body: `{"task":"x","input":{"n":${number}}}` });
      expectError(created, 400, 'VALIDATION_FAILED');
    }
    // Between two doubles: what any JSON parser with doubles makes of it.
    const body = `{"event":{"category":"llm","action":"stream"},"data":{"n":9007199254740993}}`;
    await api.request('POST', `/runs/${id}/events`, { body });
    expect((await api.history(id))[1]?.data).toEqual({ n: 9007199254740992 });
  });

  it('T64 what Runstream itself reads is not fooled by inherited names', async () => {
    for (const json of [
      '{"task":"x","constructor":{}}',
      '{"task":"x","__proto__":{}}',
      '{"task":"x","toString":1}',
    ]) {
      expectError(await api.request('POST', '/runs', { body: json }), 400, 'VALIDATION_FAILED');
    }
    const { id } = await api.createRun();
    for (const type of ['constructor.name', '__proto__.x', 'toString.call', 'hasOwnProperty.x']) {
      const reply = await api.post(id, eventOf(type));
      expectError(reply, 400, 'UNKNOWN_EVENT_TYPE', 'VALIDATION_FAILED');
    }
  });
});

/** The same JSON value as JavaScript prints it: `1e21` may be written `1e+21`. */
function canonical(json: string): string {
  return JSON.stringify(JSON.parse(json));
}

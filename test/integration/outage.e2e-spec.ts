import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { expectError, lines, type Client, type RequestOptions } from '../conformance/client.js';
import { numbered, numberedRange, terminal } from '../conformance/model.js';
import { assertSequences } from '../conformance/watcher.js';
import { eventually } from '../support/eventually.js';
import type { RedisServer } from '../support/redis.js';
import type { Serving } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';

const bed = new TestBed();

afterAll(() => bed.close());

describe('While Redis is away', () => {
  let redis: RedisServer;
  let service: Serving;
  let api: Client;
  let live: string;
  let ended: string;
  let cursor: string;

  beforeAll(async () => {
    redis = await bed.startRedis({ appendOnly: true });
    service = await bed.serveHere({
      REDIS_URL: redis.url,
      REDIS_COMMAND_TIMEOUT_MS: '500',
      SSE_HEARTBEAT_MS: '300',
    });
    api = bed.client(service);
  });

  // Runs of its own for each test: a command that was not answered in time may be carried out later.
  beforeEach(async () => {
    live = (await api.createRun()).id;
    cursor = (await api.append(live, numberedRange(2, 10))).last_id;
    ended = (await api.createRun()).id;
    await api.append(ended, terminal());
  });

  const routes: [string, (id: string) => [string, string, RequestOptions?]][] = [
    ['a new run', () => ['POST', '/runs', { json: { task: 'x' } }]],
    ['the list of runs', () => ['GET', '/runs']],
    ['a run', (id) => ['GET', `/runs/${id}`]],
    ['the end of a run', (id) => ['GET', `/runs/${id}?wait_seconds=5`]],
    ['cancelling', (id) => ['POST', `/runs/${id}/cancel`]],
    ['deleting', (id) => ['DELETE', `/runs/${id}`]],
    ['an append', (id) => ['POST', `/runs/${id}/events`, { json: numbered(11) }]],
    [
      'an upload',
      (id) => [
        'POST',
        `/runs/${id}/events`,
        { body: lines([numbered(11)]), contentType: 'application/x-ndjson' },
      ],
    ],
    ['the history', (id) => ['GET', `/runs/${id}/events`]],
    ['the history with a filter', (id) => ['GET', `/runs/${id}/events?type=gate.*&order=desc`]],
    ['a new watcher', (id) => ['GET', `/runs/${id}/events/stream`]],
    ['a new watcher with a cursor', (id) => ['GET', `/runs/${id}/events/stream?last_event_id=1-1`]],
  ];

  const NO_SUCH_RUN = 'r0_00000000000000000000000000';

  async function everythingIsUnavailable(): Promise<void> {
    for (const id of [live, ended, NO_SUCH_RUN]) {
      const answers = routes.map(async ([what, request]) => {
        const reply = await api.request(...request(id));
        expectError(reply, 503, 'REDIS_UNAVAILABLE');
        expect([what, Number(reply.headers['retry-after'])]).toEqual([what, expect.any(Number)]);
        expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
      });
      await Promise.all(answers);
    }
    expect((await api.get('/health/live')).status).toBe(200);
    expect((await api.get('/health/ready')).status).toBe(503);
  }

  /** An EventSource that comes back would give up for good on an error status. */
  async function whoReturnsIsSentAway(): Promise<void> {
    for (const id of [live, ended]) {
      const returning = await api.watch(id, { lastEventId: cursor });
      await returning.untilEnd();
      expect(returning.frames).toHaveLength(1);
      expect(returning.frames[0]).toMatchObject({ event: 'cursor', id: cursor, data: '{}' });
      expect(returning.frames[0]!.retryMs).toBeGreaterThan(2500);
    }
  }

  it('T23 stopped: every route answers 503 with Retry-After, never 404, 410 or an empty list', async () => {
    const watching = await api.watch(live);
    await watching.untilEvents(10);
    await redis.kill();
    await everythingIsUnavailable();
    await whoReturnsIsSentAway();
    await redis.restart();
    await eventually('it serves again', async () => (await api.get('/health/ready')).status === 200);
    // Who was there all the time goes on without having noticed.
    await api.append(live, numbered(11));
    assertSequences(await watching.untilEvents(11), 1, 11);
    watching.cut();
    expect((await api.history(ended)).length).toBe(2);
  });

  it('T23 frozen: the same, within the command time limit', async () => {
    redis.pause();
    try {
      const from = Date.now();
      await everythingIsUnavailable();
      await whoReturnsIsSentAway();
      expect(Date.now() - from).toBeLessThan(8000);
    } finally {
      redis.resume();
    }
    await eventually('it serves again', async () => (await api.get('/health/ready')).status === 200);
    const { id } = await api.createRun();
    await (await api.watch(id)).untilEvents(1);
  });

  it('T23 full: reading goes on, and writing answers 503', async () => {
    const admin = new Redis(redis.url);
    try {
      await admin.config('SET', 'maxmemory', '1');
      expectError(await api.post(live, numbered(11)), 503, 'REDIS_UNAVAILABLE');
      expectError(await api.request('POST', '/runs', { json: { task: 'x' } }), 503, 'REDIS_UNAVAILABLE');
      assertSequences(await api.history(live), 1, 10);
    } finally {
      await admin.config('SET', 'maxmemory', '0');
      admin.disconnect();
    }
  });

  it('T23 a service that starts during an outage waits for its end', async () => {
    await redis.kill();
    const late = await bed.startService({ REDIS_URL: redis.url, REDIS_COMMAND_TIMEOUT_MS: '500' });
    try {
      expectError(await bed.client(late).get(`/runs/${live}`), 503, 'REDIS_UNAVAILABLE');
      await redis.restart();
      await eventually('it serves', async () => (await bed.client(late).get(`/runs/${live}`)).status === 200);
    } finally {
      await late.stop();
    }
  });
});

describe('Two instances', () => {
  let redis: RedisServer;
  let services: [Serving, Serving];
  let admin: Redis;

  beforeAll(async () => {
    redis = await bed.startRedis();
    // The heartbeat also finds what was missed; here it must not be what helps.
    const env = { REDIS_URL: redis.url, SSE_HEARTBEAT_MS: '60000' };
    services = await Promise.all([bed.serveHere(env), bed.serveHere(env)]);
    admin = new Redis(redis.url);
    bed.onClose(() => admin.quit());
  });

  const killPubSub = (): Promise<unknown> => admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');

  it('T15 the pub/sub connections are killed in the middle of a run: watchers of both see it whole', async () => {
    const [one, other] = services.map((service) => bed.client(service)) as [Client, Client];
    const { id: runId } = await one.createRun();
    const watchers = [await one.watch(runId), await other.watch(runId), await other.watch(runId)];
    for (const watcher of watchers) await watcher.untilEvents(1);
    for (let n = 2; n <= 200; n++) {
      await (n % 2 ? one : other).append(runId, numbered(n));
      if (n % 40 === 0) await killPubSub();
    }
    for (const watcher of watchers) assertSequences(await watcher.untilEvents(200), 1, 200);
    await one.append(runId, terminal());
    for (const watcher of watchers) await watcher.untilEnd();
  });

  it('T15 T06 killed just before the last event: the watchers still see it, and the end', async () => {
    const [one, other] = services.map((service) => bed.client(service)) as [Client, Client];
    for (let round = 0; round < 5; round++) {
      const { id: runId } = await one.createRun();
      const watchers = [await one.watch(runId), await other.watch(runId)];
      for (const watcher of watchers) await watcher.untilEvents(1);
      await Promise.all([killPubSub(), one.append(runId, [numbered(2), terminal()])]);
      for (const watcher of watchers) {
        await watcher.untilEnd();
        assertSequences(watcher.events, 1, 3);
        expect(watcher.controls.map(({ event }) => event)).toEqual(['close']);
      }
    }
  });

  it('T07 a client that was cut just before the end gets the rest at the other, now and later', async () => {
    const [one, other] = services.map((service) => bed.client(service)) as [Client, Client];
    const { id: runId } = await one.createRun();
    const cut = await one.watch(runId);
    await cut.untilEvents(1);
    cut.cut();
    const { ids } = await one.append(runId, [...numberedRange(2, 20), terminal()]);
    for (const api of [other, one, other]) {
      const rest = await (await api.watch(runId, { lastEventId: cut.lastEventId })).untilEnd();
      assertSequences([...cut.events, ...rest.events], 1, 21);
      expect(JSON.parse(rest.frames.at(-1)!.data)).toEqual({ reason: 'ended', status: 'completed' });
      assertSequences((await (await api.watch(runId)).untilEnd()).events, 1, 21);
      const done = await api.streamReply(runId, { lastEventId: ids.at(-1)! });
      expect(done.status).toBe(204);
    }
  });
});

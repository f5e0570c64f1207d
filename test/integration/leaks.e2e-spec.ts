import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { LiveFeed } from '../../src/event-store/index.js';
import { RedisConnections } from '../../src/redis/index.js';
import { EventStreams } from '../../src/runs/sse/event-streams.js';
import type { Client } from '../conformance/client.js';
import { numbered } from '../conformance/model.js';
import type { TestApplication } from '../support/application.js';
import { eventually } from '../support/eventually.js';
import type { RedisServer } from '../support/redis.js';
import { report } from '../support/report-line.js';
import { TestBed } from '../support/test-bed.js';
import { subscriberOf } from '../support/subscriber.js';

const bed = new TestBed();

const ROUNDS = 8;
const AT_ONCE = 50;

let redis: RedisServer;
let service: TestApplication;
let api: Client;
let inspector: Redis;

beforeAll(async () => {
  redis = await bed.startRedis();
  service = await bed.startApplication({ redis: { url: redis.url } });
  api = bed.client(service);
  inspector = new Redis(redis.url);
  bed.onClose(() => inspector.quit());
});

afterAll(() => bed.close());

interface Held {
  streams: number;
  watchers: number;
  feeds: number;
  sockets: number;
  subscriptions: number;
  listeners: number;
}

async function held(): Promise<Held> {
  const connections = service.app.get(RedisConnections, { strict: false });
  const { feeds, watchers } = service.app.get(LiveFeed, { strict: false }).statistics;
  return {
    streams: service.app.get(EventStreams, { strict: false }).count,
    watchers,
    feeds,
    sockets: await new Promise((resolve, reject) => {
      service.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    }),
    // Without those of consumers, which stay.
    subscriptions: ((await inspector.pubsub('SHARDCHANNELS', '*:live')) as string[]).length,
    listeners: [subscriberOf(connections), connections.commands, service.server, process].reduce(
      (sum, emitter) =>
        sum + emitter.eventNames().reduce((count, name) => count + emitter.listenerCount(name), 0),
      0,
    ),
  };
}

/** How many timers and other handles keep this process alive: those of a watcher would be among them. */
function handles(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout' || kind === 'TCPSocketWrap')
    .length;
}

/** Each goes at a moment of its own: with its request half sent, unanswered, in the replay, live. */
async function comeAndGo(runId: string, moment: number): Promise<void> {
  const { port, hostname } = new URL(service.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const request = `GET /runs/${runId}/events/stream HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  if (moment === 0) socket.write(request.slice(0, 20));
  else socket.write(request);
  if (moment >= 2) await delay(moment);
  if (moment >= 10) await once(socket, 'data');
  if (moment % 2 === 0) socket.destroy();
  else socket.end();
  socket.resume();
  await once(socket, 'close');
}

describe('Clients that have gone', () => {
  it('T19 400 that come and go leave no stream, feed, socket, subscription, listener or timer', async () => {
    const runs: string[] = [];
    for (let n = 0; n < 10; n++) {
      const { id } = await api.createRun();
      await api.append(
        id,
        Array.from({ length: 200 }, (_, i) => numbered(i)),
      );
      runs.push(id);
    }
    // What is made once, at the first of its kind, is not a leak.
    await Promise.all(runs.map((runId, n) => comeAndGo(runId, n)));
    await eventually('the first have gone', async () => {
      const { sockets, streams, watchers, subscriptions } = await held();
      return sockets + streams + watchers + subscriptions === 0;
    });
    const before = await held();
    const handlesBefore = handles();
    for (let round = 0; round < ROUNDS; round++) {
      const leaving = Array.from({ length: AT_ONCE }, (_, n) => comeAndGo(runs[n % 10]!, n % 14));
      await api.append(runs[round % 10]!, numbered(round));
      await Promise.all(leaving);
    }
    await eventually('all have gone', async () => (await held()).sockets === 0);
    await eventually('no stream is left', async () => (await held()).streams === 0);
    await eventually('no watcher is left', async () => (await held()).watchers === 0);
    await eventually('no subscription is left', async () => (await held()).subscriptions === 0);
    const after = await held();
    report(`T19: held before ${JSON.stringify(before)}`);
    report(`T19: held after ${ROUNDS * AT_ONCE} watchers ${JSON.stringify(after)}`);
    expect(after).toEqual(before);
    await eventually('no timer is left', () => handles() <= handlesBefore + 2);
  });

  it('T19 a client that waits for the end of a run and goes leaves nothing', async () => {
    const { id } = await api.createRun();
    const waiting = Array.from({ length: 20 }, () => {
      const { port, hostname } = new URL(service.url);
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      socket.write(`GET /runs/${id}?wait_seconds=60 HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      return socket;
    });
    await eventually('they wait', async () => (await held()).watchers === 20);
    for (const socket of waiting) socket.destroy();
    await eventually('they have gone', async () => (await held()).watchers === 0);
    expect(await held()).toMatchObject({ feeds: 0, subscriptions: 0 });
  });
});

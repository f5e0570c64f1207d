import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { randomBytes } from 'node:crypto';
import {
  configureRunstream,
  EventHandler,
  EventStoreModule,
  type Handler,
  HandlerResult,
  type RecordedEvent,
  RunstreamModule,
} from '../../src/internal.js';
import { eventually } from '../support/eventually.js';
import { freePort, startRedis, type RedisServer } from '../support/redis.js';
import { serveHere } from '../support/service.js';
import { rawRequest } from './edge/raw-request.js';

const unique = randomBytes(4).toString('hex');
const GROUP = `metered-${unique}`;

let held: Promise<void> | undefined;

@EventHandler({
  group: GROUP,
  types: ['log.*', 'build.*'],
  from: 'start',
  maxAttempts: 2,
  backoff: { initialMs: 10 },
})
class Metered implements Handler {
  canHandle(event: RecordedEvent): boolean {
    return event.data['line'] !== 'unwanted';
  }

  async handle(event: RecordedEvent): Promise<HandlerResult> {
    if (event.data['line'] === 'held') await held;
    return event.data['line'] === 'bad' ? HandlerResult.retry() : HandlerResult.success();
  }
}

/** Samples by name and labels as they are written: `name{label="value"}`. */
function parse(text: string): Map<string, number> {
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(samples.map((line) => [line.replace(/ \S+$/, ''), Number(line.replace(/^.* /, ''))]));
}

async function scrape(url: string): Promise<Map<string, number>> {
  const response = await fetch(`${url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; .*version=0\.0\.4/);
  return parse(await response.text());
}

describe('Metrics', () => {
  let redis: RedisServer;
  let app: NestExpressApplication;
  let url: string;

  beforeAll(async () => {
    redis = await startRedis();
    @Module({
      imports: [
        RunstreamModule.forRoot({
          redis: { url: redis.url, commandTimeoutMs: 2000 },
          routes: { metrics: true, health: true },
          metrics: { processMetrics: true },
        }),
        EventStoreModule.forFeature({ types: ['build.*'] }),
      ],
      providers: [Metered],
    })
    class ToyModule {}
    app = await NestFactory.create<NestExpressApplication>(ToyModule, { bodyParser: false, logger: false });
    configureRunstream(app, { maxRequestBytes: 1024 * 1024, corsOrigins: [] });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });

  afterAll(async () => {
    await app.close();
    await redis.stop();
  });

  async function post(path: string, json: unknown): Promise<Record<string, unknown>> {
    const headers = { 'Content-Type': 'application/json' };
    const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(json) });
    expect([200, 201]).toContain(response.status);
    return (await response.json()) as Record<string, unknown>;
  }
  const eventOf = (type: string, line: string) => {
    const [category, action] = type.split('.');
    return { event: { category, action }, data: { line } };
  };
  const labels = (type: string): string => `{group="${GROUP}",type="${type}"}`;

  it('count what handlers do by group and type, with labels that are bounded', async () => {
    const run = await post('/runs', { task: 'metrics' });
    const events = [
      eventOf('log.stdout', 'good'),
      eventOf('log.stdout', 'bad'),
      eventOf('log.stdout', 'unwanted'),
      eventOf('log.stderr', 'good'),
      // As many types as a producer likes, and one label.
      ...Array.from({ length: 30 }, (_, n) => eventOf(`build.step_${n}`, 'good')),
    ];
    await post(`/runs/${String(run['id'])}/events`, events);
    await eventually('all have an outcome', async () => {
      const metrics = await scrape(url);
      return (
        metrics.get(`runstream_consumer_dead_lettered_total${labels('log.stdout')}`) === 1 &&
        metrics.get(`runstream_consumer_succeeded_total${labels('build.*')}`) === 30
      );
    });
    const metrics = await scrape(url);
    const counts = (type: string): Record<string, number | undefined> =>
      Object.fromEntries(
        ['delivered', 'succeeded', 'retried', 'dead_lettered', 'skipped', 'lost'].map((what) => [
          what,
          metrics.get(`runstream_consumer_${what}_total${labels(type)}`),
        ]),
      );
    expect(counts('log.stdout')).toEqual({
      ...{ delivered: 3, succeeded: 1, retried: 1, dead_lettered: 1, skipped: 1, lost: 0 },
    });
    expect(counts('log.stderr')).toMatchObject({ delivered: 1, succeeded: 1 });
    expect(counts('build.*')).toMatchObject({ delivered: 30, succeeded: 30 });
    expect(metrics.get(`runstream_handler_duration_seconds_count${labels('log.stdout')}`)).toBe(3);
    const types = [...metrics.keys()].filter((name) => name.includes('type="build.'));
    expect(types.every((name) => name.includes('type="build.*"'))).toBe(true);
    expect([...metrics.keys()].some((name) => /[{,]tenant/.test(name))).toBe(false);
  });

  it('show how groups stand at the time of the scrape', async () => {
    let release: () => void = () => undefined;
    held = new Promise((resolve) => (release = resolve));
    const gauge = async (name: string): Promise<number | undefined> =>
      (await scrape(url)).get(`runstream_group_${name}{group="${GROUP}"}`);
    // The look of the scrape before may be taken again for a moment.
    await eventually('the dead letter shows', async () => (await gauge('dead_letters')) === 1);
    const run = await post('/runs', { task: 'metrics' });
    await post(`/runs/${String(run['id'])}/events`, eventOf('log.stdout', 'held'));
    await eventually('it is pending', async () => (await gauge('pending')) === 1);
    await eventually('it gets older', async () => Number(await gauge('oldest_pending_age_seconds')) > 0.1);
    expect(await gauge('lag_seconds')).toBeGreaterThan(0.1);
    expect((await scrape(url)).get(`runstream_group_members{group="${GROUP}",version="none"}`)).toBe(1);
    expect(await gauge('is_complete')).toBe(1);
    expect(await gauge('lag')).toBe(0);
    release();
    await eventually('it is done', async () => (await gauge('pending')) === 0);
    expect(await gauge('oldest_pending_age_seconds')).toBe(0);
    await post(`/consumers/${GROUP}/pause`, {});
    await post(
      `/runs/${String(run['id'])}/events`,
      [1, 2, 3].map(() => eventOf('log.stdout', 'good')),
    );
    await eventually(
      'what is given out to nobody, or waits, shows',
      async () => Number(await gauge('lag')) + Number(await gauge('pending')) === 3,
    );
    await post(`/consumers/${GROUP}/resume`, {});
    await eventually('all is done', async () => (await gauge('lag')) === 0 && (await gauge('pending')) === 0);
  });

  it('count appends, and what watchers do', async () => {
    const before = await scrape(url);
    const run = await post('/runs', { task: 'metrics' });
    const stream = await fetch(`${url}/runs/${String(run['id'])}/events/stream`);
    await post(
      `/runs/${String(run['id'])}/events`,
      ['a', 'b', 'c'].map((line) => eventOf('log.stdout', line)),
    );
    const of = (metrics: Map<string, number>, name: string): number => metrics.get(name) ?? NaN;
    await eventually('the watcher shows', async () => of(await scrape(url), 'runstream_watchers') === 1);
    const during = await scrape(url);
    const grown = (name: string): number => of(during, name) - of(before, name);
    expect(grown('runstream_appended_events_total')).toBe(3);
    expect(grown('runstream_append_duration_seconds_count')).toBe(1);
    expect(grown('runstream_catch_up_reads_total')).toBeGreaterThan(0);
    expect(of(during, 'runstream_open_streams')).toBe(1);
    expect(of(during, 'runstream_watched_logs')).toBe(1);
    expect(of(during, 'runstream_watch_gaps_total{reason="trimmed"}')).toBe(0);
    expect(of(during, 'runstream_feed_repairs_total')).toBe(0);
    expect(of(during, 'runstream_redis_up{shard="0"}')).toBe(1);
    expect(of(during, 'process_cpu_seconds_total')).toBeGreaterThan(0);
    await stream.body?.cancel();
    await eventually('it has gone', async () => of(await scrape(url), 'runstream_watchers') === 0);
  });

  it('a cursor that does not fit counts as a gap', async () => {
    const run = await post('/runs', { task: 'metrics' });
    const stream = await fetch(`${url}/runs/${String(run['id'])}/events/stream?last_event_id=1-7`);
    await eventually(
      'it is counted',
      async () => (await scrape(url)).get('runstream_watch_gaps_total{reason="diverged"}') === 1,
    );
    await stream.body?.cancel();
  });

  it('are there while Redis is away, and say that it is', async () => {
    redis.pause();
    try {
      // A frozen server is noticed by its silence only: the scrape must not wait for it for ever.
      const begin = performance.now();
      await scrape(url);
      expect(performance.now() - begin).toBeLessThan(10_000);
    } finally {
      redis.resume();
    }
    await redis.kill();
    await eventually(
      'it is down',
      async () => (await scrape(url)).get('runstream_redis_up{shard="0"}') === 0,
    );
    expect((await scrape(url)).has(`runstream_group_lag{group="${GROUP}"}`)).toBe(false);
    await redis.restart();
    await eventually('it is up', async () => (await scrape(url)).get('runstream_redis_up{shard="0"}') === 1);
  });
});

describe('Metrics on a port of their own', () => {
  it('are served there and nowhere else, and the port is closed with the service', async () => {
    const port = await freePort();
    const service = await serveHere({ METRICS_PORT: String(port) });
    try {
      expect((await fetch(`${service.url}/metrics`)).status).toBe(404);
      expect((await scrape(`http://127.0.0.1:${port}`)).get('runstream_redis_up{shard="0"}')).toBe(1);
      expect((await fetch(`http://127.0.0.1:${port}/runs`)).status).toBe(404);
      // A page can give a name of its own this address, and would read them as its own.
      const rebound = await rawRequest(port, 'GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n');
      expect(rebound.status).toBe(403);
    } finally {
      await service.stop();
    }
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow();
  });

  it('a service without the variable serves them on its own', async () => {
    const service = await serveHere();
    try {
      expect((await scrape(service.url)).get('runstream_redis_up{shard="0"}')).toBe(1);
    } finally {
      await service.stop();
    }
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { readFile } from 'node:fs/promises';
import { type TestKey, TestKeys } from '../access/keys.js';
import { eventually } from '../support/eventually.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { type Service, startService } from '../support/service.js';
import { RawConnection, request } from './raw-connection.js';

const MEBIBYTE = 1024 * 1024;

let redis: RedisServer;
let observer: Redis;
let service: Service;
let keys: TestKeys;
let greedy: TestKey;
let other: TestKey;
/** A run of 24 MB, of one type. */
let large: string;

beforeAll(async () => {
  // A server of its own: what it does is counted.
  redis = await startRedis();
  observer = new Redis(redis.url);
  [service, keys] = await Promise.all([
    startService({
      REDIS_URL: redis.url,
      AUTH_MODE: 'api-key',
      MULTI_TENANCY_ENABLED: 'true',
      EVENT_MAX_LENGTH: '100000',
      // Memory is measured, and garbage that is not collected yet is none of it.
      NODE_OPTIONS: '--max-old-space-size=200',
      // Beside busy neighbours a command may take long without anybody being to blame.
      REDIS_COMMAND_TIMEOUT_MS: '20000',
    }),
    TestKeys.open(redis.url),
  ]);
  [greedy, other] = await Promise.all([keys.create('greedy'), keys.create('other')]);
  large = await createRun(greedy);
  await fill(greedy, large, 48, 'x'.repeat(500_000), 'log.stdout');
});
afterAll(async () => {
  observer.disconnect();
  await Promise.all([service.stop(), keys.close()]);
  await redis.stop();
});

const post = async (path: string, { headers }: TestKey, body: unknown, type = 'application/json') => {
  const answer = await fetch(service.url + path, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': type },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
};
const get = async (path: string, { headers }: TestKey) => {
  const answer = await fetch(service.url + path, { headers });
  const text = await answer.text();
  return {
    status: answer.status,
    bytes: Buffer.byteLength(text),
    json: JSON.parse(text) as Record<string, unknown>,
  };
};
const createRun = async (key: TestKey, more: object = {}): Promise<string> =>
  String((await post('/runs', key, { task: 'reads', ...more })).json['id']);
const fill = async (key: TestKey, run: string, events: number, content: string, type = 'log.stderr') => {
  const [category = '', action = ''] = type.split('.');
  const line = `${JSON.stringify({ event: { category, action }, source: { agent_id: 'a' }, data: { content } })}\n`;
  for (let sent = 0; sent < events; sent += 20) {
    const lines = line.repeat(Math.min(20, events - sent));
    expect((await post(`/runs/${run}/events`, key, lines, 'application/x-ndjson')).status).toBe(200);
  }
};
/** How many commands a server has worked on that read streams. */
const reads = async () => {
  const stats = await observer.info('commandstats');
  return Number(/^cmdstat_xrange:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
};

describe('Lists', () => {
  it('T109 read the small fields only, and end at a mebibyte', async () => {
    const input = { text: 'x'.repeat(900_000) };
    for (let n = 0; n < 20; n++) await createRun(greedy, { input });
    for (let n = 0; n < 30; n++) await createRun(greedy, { input: { n } });
    const before = Number(/^total_net_output_bytes:(\d+)/m.exec(await observer.info('stats'))?.[1]);
    const list = await get('/runs?limit=50', greedy);
    const after = Number(/^total_net_output_bytes:(\d+)/m.exec(await observer.info('stats'))?.[1]);
    expect([list.status, list.json['count']]).toEqual([200, 50]);
    expect(list.bytes).toBeLessThan(100_000);
    expect(after - before).toBeLessThan(MEBIBYTE);
    const runs = list.json['runs'] as Record<string, unknown>[];
    expect(runs[0]).toMatchObject({ input: { n: 29 }, result: null, error: null });
    expect(runs[49]).not.toHaveProperty('input');
    const whole = await get(`/runs/${String(runs[49]?.['id'])}`, greedy);
    expect(whole.json['input']).toEqual(input);
  });

  it('T109 whose runs have long tasks go on in the next page', async () => {
    const wordy = await keys.create('wordy');
    for (let n = 0; n < 60; n++) await createRun(wordy, { task: `${'\u4e2d'.repeat(9990)}${n}` });
    const seen: unknown[] = [];
    let cursor = '';
    for (let page = 0; page < 10; page++) {
      const list = await get(`/runs?limit=1000${cursor}`, wordy);
      expect(list.bytes).toBeLessThan(1.5 * MEBIBYTE);
      for (const run of list.json['runs'] as { task: string }[]) seen.push(Number(run.task.slice(9990)));
      if (list.json['next_cursor'] === null) break;
      cursor = `&cursor=${list.json['next_cursor'] as string}`;
    }
    expect(seen).toEqual(Array.from({ length: 60 }, (_, n) => 59 - n));
  });
});

describe('History', () => {
  it('T110 a page ends at 16 MiB of UTF-8, and pages neither overlap nor skip', async () => {
    const run = await createRun(greedy);
    await fill(greedy, run, 20, '\u4e2d'.repeat(340_000));
    for (const order of ['asc', 'desc']) {
      const sequences: number[] = [];
      let from = '';
      do {
        const page = await get(`/runs/${run}/events?limit=10000&order=${order}${from}`, greedy);
        expect(page.bytes).toBeLessThan(16.1 * MEBIBYTE);
        const events = page.json['events'] as { sequence: number }[];
        expect(page.json['count']).toBe(events.length);
        sequences.push(...events.map(({ sequence }) => sequence));
        expect(page.json['has_more']).toBe(page.json['next_id'] !== null);
        from =
          page.json['next_id'] === null
            ? ''
            : `&${order === 'asc' ? 'start_id' : 'end_id'}=${page.json['next_id'] as string}`;
      } while (from !== '');
      const expected = Array.from({ length: 21 }, (_, n) => n + 1);
      expect(sequences).toEqual(order === 'asc' ? expected : expected.reverse());
    }
  });

  it('T111 large pages and 30 readers that read nothing take little memory, and nobody else is refused', async () => {
    const mine = await createRun(other);
    const rss = async () =>
      Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${service.child.pid}/status`, 'utf8'))?.[1]) *
      1024;
    const before = await rss();
    const deaf = await Promise.all(
      Array.from({ length: 30 }, () => RawConnection.open(service.url, { reads: false })),
    );
    for (const connection of deaf)
      connection.send(request(`GET /runs/${large}/events?limit=10000`, greedy.headers));
    const reading = Array.from({ length: 10 }, async () => {
      const answer = await fetch(`${service.url}/runs/${large}/events?limit=10000`, greedy);
      await answer.arrayBuffer();
      return answer.status;
    });
    const event = { event: { category: 'llm', action: 'stream' } };
    for (let n = 0; n < 15; n++) {
      expect((await post(`/runs/${mine}/events`, other, event)).status).toBe(201);
      expect((await get(`/runs/${mine}/events`, other)).status).toBe(200);
    }
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
    for (const status of await Promise.all(reading)) expect([200, 503]).toContain(status);
    // Held whole they were 30 × 16 MiB.
    expect((await rss()) - before).toBeLessThan(300 * MEBIBYTE);
    for (const connection of deaf) connection.end();
  });

  it('T112 a filtered page ends after 16 MiB that were looked at, and the work ends with its reader', async () => {
    const pages: { count: unknown; next: unknown }[] = [];
    let from = '';
    do {
      const page = await get(`/runs/${large}/events?type=log.stderr&limit=1${from}`, greedy);
      pages.push({ count: page.json['count'], next: page.json['next_id'] });
      from = page.json['next_id'] === null ? '' : `&start_id=${page.json['next_id'] as string}`;
    } while (from !== '');
    expect(pages.map(({ count }) => count)).toEqual([0, 0]);
    expect(pages.map(({ next }) => next !== null)).toEqual([true, false]);
    const hasty = await Promise.all(Array.from({ length: 15 }, () => RawConnection.open(service.url)));
    for (const connection of hasty) {
      connection.send(request(`GET /runs/${large}/events?type=log.stderr&limit=1`, greedy.headers));
    }
    const begun = await reads();
    await eventually('they are at work', async () => (await reads()) > begun);
    for (const connection of hasty) connection.reset();
    let last = await reads();
    await eventually('nothing more is read for them', async () => {
      const now = await reads();
      const isQuiet = now === last;
      last = now;
      return isQuiet;
    });
  });
});

describe('Watchers that catch up', () => {
  it('T113 do not stand before anybody else', async () => {
    const mine = await createRun(other);
    const watchers = await Promise.all(
      Array.from({ length: 20 }, () => RawConnection.open(service.url, { reads: false })),
    );
    for (const connection of watchers) {
      connection.send(request(`GET /runs/${large}/events/stream`, greedy.headers));
      connection.socket.on('data', () => undefined);
    }
    for (let n = 0; n < 10; n++) {
      expect(
        (await post(`/runs/${mine}/events`, other, { event: { category: 'llm', action: 'stream' } })).status,
      ).toBe(201);
      expect((await get(`/runs/${mine}/events`, other)).status).toBe(200);
      expect((await get('/runs', other)).status).toBe(200);
    }
    for (const connection of watchers) connection.end();
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { serveHere, type Serving } from '../support/service.js';
import { ask } from './ask.js';
import { TestKeys } from './keys.js';
import { OpenStream } from './streams.js';

let redis: RedisServer;
let service: Serving;

beforeAll(async () => {
  redis = await startRedis({ appendOnly: true });
  service = await serveHere({
    REDIS_URL: redis.url,
    AUTH_MODE: 'api-key',
    REDIS_COMMAND_TIMEOUT_MS: '500',
  });
});
afterAll(async () => {
  await service.stop();
  await redis.stop();
});

describe('while credentials can’t be looked up', () => {
  it('T23 nobody is told that theirs is bad, and an EventSource that returns is told to come again', async () => {
    const keys = await TestKeys.open(redis.url);
    const { headers } = await keys.create('default');
    await keys.close();
    const run = await ask(service.url, 'POST', '/runs', { headers, json: { task: 't' } });
    const path = `/runs/${String(run.json?.['id'])}/events/stream`;
    const given = await ask(service.url, 'POST', path.replace('events/stream', 'stream-tickets'), {
      headers,
      json: {},
    });
    const ticket = `${path}?ticket=${String(given.json?.['ticket'])}`;
    const open = await OpenStream.open(service.url + ticket);
    await redis.kill();
    await eventually('the service has noticed', async () => {
      return (await ask(service.url, 'GET', '/health/ready')).status === 503;
    });

    const returning = { 'last-event-id': '1795279279000-42' };
    for (const [where, with_] of [
      [ticket, returning],
      [path, { ...headers, ...returning }],
      ['/events/stream', { ...headers, ...returning }],
    ] as const) {
      const response = await fetch(service.url + where, { headers: with_ });
      expect([where, response.status, response.headers.get('content-type')]).toEqual([
        where,
        200,
        'text/event-stream; charset=utf-8',
      ]);
      const lines = (await response.text()).trim().split('\n').sort();
      expect(lines).toEqual([
        'data: {}',
        'event: cursor',
        'id: 1795279279000-42',
        expect.stringMatching(/^retry: \d{4,5}$/),
      ]);
    }
    for (const [method, where, with_] of [
      ['GET', ticket, {}],
      ['GET', ticket, { 'last-event-id': 'nonsense\t1-1' }],
      ['GET', '/runs', { ...headers, ...returning }],
      ['DELETE', path.replace('/events/stream', ''), { ...headers, ...returning }],
    ] as const) {
      const { status, json } = await ask(service.url, method, where, { headers: { ...with_ } });
      expect([where, status, json?.['code']]).toEqual([where, 503, 'REDIS_UNAVAILABLE']);
    }
    expect(open.isOpen).toBe(true);
    await redis.restart();
    await eventually(
      'the ticket is good again',
      async () => (await ask(service.url, 'GET', ticket)).status === 200,
    );
    open.cut();
  });
});

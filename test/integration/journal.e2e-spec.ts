import { setMaxListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, expectError, expectStatus } from '../conformance/client.js';
import { eventOf, type JournalPage } from '../conformance/model.js';
import { startApplication, type TestApplication } from '../support/application.js';
import { eventually } from '../support/eventually.js';
import { type RedisServer, startRedis } from '../support/redis.js';

/** What the conformance suite can't bring about: trimming, tenants, and Redis away. */
describe('The events of all runs, from outside', () => {
  let redis: RedisServer;
  let application: TestApplication;
  /** Cuts what is still open. */
  const end = new AbortController();
  let api: Client;

  beforeAll(async () => {
    setMaxListeners(0, end.signal);
    redis = await startRedis({ appendOnly: true });
    application = await startApplication({
      redis: { url: redis.url, commandTimeoutMs: 1000 },
      events: { journalMaxLength: 50, journalTrimMs: 50, heartbeatMs: 200 },
      tenancy: { enabled: true },
    });
    api = clientOf('first');
  });
  afterAll(async () => {
    end.abort(new Error('the tests have ended'));
    await application.close();
    await redis.stop();
  });

  const clientOf = (tenant: string) =>
    new Client({ url: application.url, headers: { 'X-Tenant-ID': tenant } }, end.signal);
  const page = async (client: Client, query = {}) =>
    expectStatus(await client.get('/events', query), 200).json<JournalPage>();

  it('a tenant without a run has an empty page and an empty stream, and then its first event', async () => {
    const nobody = clientOf('nobody');
    expect(await page(nobody)).toEqual({
      events: [],
      count: 0,
      has_more: false,
      next_id: null,
      last_event_id: '0-0',
    });
    const watcher = await nobody.watchAll();
    const tail = await nobody.watchAll({ lastEventId: '0-0' });
    const run = await nobody.createRun();
    for (const one of [watcher, tail]) {
      expect((await one.untilEvents(1)).map(({ run_id }) => run_id)).toEqual([run.id]);
    }
    expect((await page(api)).count).toBe(0);
    for (const one of [watcher, tail]) one.cut();
  });

  it('T09 what was trimmed is a gap with the number of ids, and pages begin with what is left', async () => {
    const client = clientOf('trimmed');
    const run = await client.createRun();
    const early = await client.watchAll();
    const events = Array.from({ length: 119 }, (_, n) => eventOf('log.stdout', { n }));
    await client.append(run.id, events);
    await early.untilEvents(120);
    expect(early.controls).toEqual([]);
    await eventually('it is trimmed', async () => (await page(client)).count === 50);

    const late = await client.watchAll();
    await late.untilEvents(50);
    const { frame, data } = await late.untilControl('gap');
    expect(data).toEqual({
      reason: 'trimmed',
      after_id: null,
      first_available_id: early.frames[70]?.id,
      missed: 70,
    });
    expect(frame.id).toBe(early.frames[69]?.id);
    const older = await client.watchAll({ lastEventId: early.frames[9]?.id ?? '' });
    await older.untilEvents(50);
    expect((await older.untilControl('gap')).data).toMatchObject({ missed: 60 });
    for (const one of [early, late, older]) one.cut();
  });

  it('T18 with the heartbeat a cursor carries a client past the events of other runs', async () => {
    const client = clientOf('filtered');
    const [mine, other] = [await client.createRun(), await client.createRun()];
    const watcher = await client.watchAll({ query: { run_id: mine.id } });
    await watcher.untilEvents(1);
    await client.append(other.id, eventOf('log.stdout'));
    const { last_event_id } = await page(client);
    await watcher.until('a cursor at the end', () => watcher.lastEventId === last_event_id);
    expect(watcher.events).toHaveLength(1);
    watcher.cut();
  });

  it('T23 without Redis it is 503, except for an EventSource that comes back; those connected go on', async () => {
    const client = clientOf('outage');
    const run = await client.createRun();
    const watcher = await client.watchAll();
    await watcher.untilEvents(1);
    const cursor = watcher.lastEventId;
    await redis.kill();
    await eventually('it is noticed', async () => (await client.get('/events')).status === 503);
    for (const path of ['/events', '/events/stream']) {
      const reply = await client.get(path);
      expectError(reply, 503, 'REDIS_UNAVAILABLE');
      expect(reply.headers['retry-after']).toBeDefined();
    }
    const returning = await client.watchAll({ lastEventId: cursor });
    await returning.untilEnd();
    expect(returning.frames).toMatchObject([{ event: 'cursor', id: cursor }]);
    await redis.restart();
    await eventually('it is back', async () => (await client.get('/health/ready')).status === 200);
    await client.append(run.id, eventOf('log.stdout'));
    await watcher.untilEvents(2);
    expect(watcher.controls).toEqual([]);
    watcher.cut();
  });
});

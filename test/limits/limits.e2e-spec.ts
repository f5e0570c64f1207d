import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { RunstreamClient } from '../../packages/client/src/index.js';
import { bearer, type TestKey, TestKeys } from '../access/keys.js';
import { type Answer, ask, type Question } from '../access/ask.js';
import { eventually } from '../support/eventually.js';
import { OpenApiDocument } from '../support/openapi.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { serveHere, type Serving } from '../support/service.js';

const unique = (): string => `limits-${randomBytes(5).toString('hex')}`;
const LINE = { event: { category: 'log', action: 'stdout' }, data: { line: 'x' } };
const NONE = {
  active_runs: null,
  events_per_second: null,
  bytes_per_second: null,
  open_streams: null,
  requests_per_second: null,
  stored_bytes: null,
};

const isLimited = ({ status, json }: Answer, name: string): boolean =>
  status === 429 && (json?.['details'] as { limit?: string } | undefined)?.limit === name;

describe('Limits over HTTP, with credentials', () => {
  let service: Serving;
  let keys: TestKeys;
  let operator: TestKey;
  let document: OpenApiDocument;
  beforeAll(async () => {
    service = await serveHere({
      AUTH_MODE: 'api-key',
      MULTI_TENANCY_ENABLED: 'true',
      TENANT_LIMITS: 'active_runs=1000, events_per_second=1000000',
    });
    keys = await TestKeys.open();
    operator = await keys.create(unique(), ['tenants:admin']);
    document = await OpenApiDocument.of(service.url);
  });
  afterAll(async () => {
    await keys.close();
    await service.stop();
  });

  const limit = async (tenant: string, json: unknown, headers = operator.headers) =>
    ask(service.url, 'PUT', `/tenants/${tenant}/limits`, { headers, json });
  const call = (key: TestKey, method: string, path: string, more: Question = {}) =>
    ask(service.url, method, path, { ...more, headers: { ...key.headers, ...more.headers } });
  const createRun = async (key: TestKey) =>
    String((await call(key, 'POST', '/runs', { json: { task: 't' } })).json?.['id']);

  it('are set and read by the operator, for any tenant, and what is left out has the default', async () => {
    const tenant = unique();
    const defaults = { ...NONE, active_runs: 1000, events_per_second: 1_000_000 };
    const path = `/tenants/${tenant}/limits`;
    expect((await call(operator, 'GET', path)).json).toEqual({
      tenant_id: tenant,
      own: NONE,
      in_force: defaults,
    });
    const own = { ...NONE, active_runs: 5, stored_bytes: 1_000_000 };
    const set = await limit(tenant, { active_runs: 5, stored_bytes: 1_000_000, open_streams: null });
    expect(set.status).toBe(200);
    const expected = {
      tenant_id: tenant,
      own,
      in_force: { ...defaults, ...{ active_runs: 5, stored_bytes: 1_000_000 } },
    };
    expect(set.json).toEqual(expected);
    expect((await call(operator, 'GET', path)).json).toEqual(expected);
    expect((await limit(tenant, { requests_per_second: 7 })).json?.['own']).toEqual({
      ...NONE,
      requests_per_second: 7,
    });
    expect((await limit(tenant, {})).json?.['own']).toEqual(NONE);
    for (const body of [
      { active_runs: 0 },
      { active_runs: -1 },
      { active_runs: 1.5 },
      { active_runs: '5' },
      { active_runs: 2 ** 41 },
      { runs: 5 },
      [],
    ])
      expect([body, (await limit(tenant, body)).status]).toEqual([body, 400]);
    expect((await limit('No-Tenant', {})).status).toBe(400);
  });

  it('are closed to tenants, who can not give themselves the scope either', async () => {
    const tenant = unique();
    const all = await keys.create(tenant, ['runs:read', 'runs:write', 'consumers:admin', 'keys:admin']);
    expect(await limit(tenant, { active_runs: 5 }, all.headers)).toMatchObject({ status: 403 });
    expect(await call(all, 'GET', `/tenants/${tenant}/limits`)).toMatchObject({ status: 403 });
    const asked = { name: 'more', scopes: ['tenants:admin'] };
    expect(await call(all, 'POST', '/keys', { json: asked })).toMatchObject({ status: 403 });
    // Nor can who has it hand it on: it is the command line's.
    const both = await keys.create(tenant, ['keys:admin', 'tenants:admin']);
    expect(await call(both, 'POST', '/keys', { json: asked })).toMatchObject({ status: 403 });
  });

  it('refuse with 429, what was reached, and when to come back; and not the other tenant', async () => {
    const [tenant, other] = [unique(), unique()];
    const [mine, theirs] = await Promise.all([keys.create(tenant), keys.create(other)]);
    await limit(tenant, { active_runs: 1 });
    await createRun(mine);
    const refused = await call(mine, 'POST', '/runs', { json: { task: 't' } });
    expect(refused).toMatchObject({
      status: 429,
      headers: { 'retry-after': '1' },
      json: { code: 'TENANT_LIMIT', details: { limit: 'active_runs', value: 1, retry_after_ms: 1000 } },
    });
    const type = refused.headers['content-type'] ?? null;
    expect(document.answerProblems('POST /runs', 429, type, refused.json)).toEqual([]);
    expect((await call(theirs, 'POST', '/runs', { json: { task: 't' } })).status).toBe(201);
  });

  it('requests per second: refused before the body is read, and public routes are not', async () => {
    const tenant = unique();
    const mine = await keys.create(tenant);
    const run = await createRun(mine);
    await limit(tenant, { requests_per_second: 1 });
    await eventually('it is refused', async () =>
      isLimited(await call(mine, 'GET', '/runs'), 'requests_per_second'),
    );
    const paths = ['/runs', `/runs/${run}`, `/runs/${run}/events`, '/executors', '/consumers', '/keys'];
    const answers = await Promise.all(paths.map((path) => call(mine, 'GET', path)));
    expect(answers.filter((answer) => isLimited(answer, 'requests_per_second')).length).toBeGreaterThan(2);
    for (const path of ['/health/live', '/health/ready', '/docs', '/session'])
      expect([path, (await ask(service.url, 'GET', path)).status]).toEqual([path, 200]);
    // An EventSource that returns would give up on a 429: it is sent away for a while, and loses nothing.
    await eventually('a watcher is sent away', async () => {
      const { status, headers } = await call(mine, 'GET', `/runs/${run}/events/stream`, {
        headers: { 'last-event-id': '5-1' },
      });
      expect([200]).toContain(status);
      return headers['cache-control'] === 'no-cache, no-transform';
    });
  });

  it('events per second: an upload stops, and says what is stored', async () => {
    const tenant = unique();
    const mine = await keys.create(tenant);
    const run = await createRun(mine);
    await limit(tenant, { events_per_second: 50 });
    const body = Array.from({ length: 1000 }, (_, i) => `${JSON.stringify({ ...LINE, data: { i } })}\n`).join(
      '',
    );
    const path = `/runs/${run}/events/ndjson`;
    const refused = await call(mine, 'POST', path, {
      body,
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect(refused.status).toBe(429);
    const { line, count, last_id, cause } = refused.json?.['details'] as {
      line: number;
      count: number;
      last_id: string;
      cause: unknown;
    };
    expect(cause).toMatchObject({ limit: 'events_per_second', value: 50 });
    // Batches of a hundred: the first is let in whole.
    expect([count, line]).toEqual([100, 101]);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    const log = await call(mine, 'GET', `/runs/${run}/events?limit=1000`);
    const events = log.json?.['events'] as { id: string }[];
    expect([events.length, events.at(-1)?.id]).toEqual([101, last_id]);
    // It can still end.
    await limit(tenant, { events_per_second: 1 });
    const end = { event: { category: 'lifecycle', action: 'completed' }, data: { result: 1 } };
    expect((await call(mine, 'POST', `/runs/${run}/events`, { json: end })).status).toBe(201);
  });

  it('open streams: one more is refused, and goes through once one is closed', async () => {
    const tenant = unique();
    const mine = await keys.create(tenant);
    const run = await createRun(mine);
    await limit(tenant, { open_streams: 2 });
    const open = async (path = `/runs/${run}/events/stream`) => {
      const stop = new AbortController();
      const answer = await fetch(service.url + path, { headers: mine.headers, signal: stop.signal });
      return { status: answer.status, close: () => stop.abort() };
    };
    await eventually('the limit holds', async () => {
      const three = [await open(), await open('/events/stream'), await open()];
      const statuses = three.map(({ status }) => status);
      for (const { close } of three) close();
      return statuses.join() === '200,200,429';
    });
    let one: Awaited<ReturnType<typeof open>> | undefined;
    await eventually('there is room again', async () => (one = await open()).status === 200);
    one?.close();
    // Without a stream there is nothing to count.
    for (let i = 0; i < 5; i++)
      expect((await call(mine, 'HEAD', `/runs/${run}/events/stream`)).status).toBe(200);
  });

  it('slow the writer of the client down, and all comes once and in order', async () => {
    const tenant = unique();
    const mine = await keys.create(tenant);
    await limit(tenant, { events_per_second: 100 });
    const client = new RunstreamClient({ baseUrl: service.url, headers: mine.headers });
    const { id } = await client.runs.create({ task: 't' });
    await using writer = client.append(id);
    for (let i = 0; i < 300; i++) await writer.write({ ...LINE, data: { line: String(i) } });
    await writer.end('completed');
    const seen: unknown[] = [];
    for await (const { event, data } of client.runs.history(id, { limit: 1000 }))
      if (event.category === 'log') seen.push(data['line']);
    expect(seen).toEqual(Array.from({ length: 300 }, (_, i) => String(i)));
  });

  it('are in the metrics, by limit', async () => {
    const plain = await serveHere({});
    try {
      const { text } = await ask(plain.url, 'GET', '/metrics');
      expect(text).toMatch(/^runstream_tenant_limited_total\{limit="active_runs"\} 0$/m);
    } finally {
      await plain.stop();
    }
  });

  it('a bad credential is told so, whatever the limit', async () => {
    expect((await ask(service.url, 'GET', '/runs', { headers: bearer('bad') })).status).toBe(401);
  });
});

describe('Limits with tenancy off', () => {
  let redis: RedisServer;
  let service: Serving;
  const env = () => ({
    REDIS_URL: redis.url,
    TENANT_LIMITS: 'active_runs=2',
    REDIS_COMMAND_TIMEOUT_MS: '1000',
  });
  beforeAll(async () => {
    redis = await startRedis({ appendOnly: true });
    service = await serveHere(env());
  });
  afterAll(async () => {
    await service.stop();
    await redis.stop();
  });
  const create = () => ask(service.url, 'POST', '/runs', { json: { task: 't' } });

  it('hold for the one tenant, over a restart of the service and of Redis', async () => {
    expect([(await create()).status, (await create()).status, (await create()).status]).toEqual([
      201, 201, 429,
    ]);
    expect((await ask(service.url, 'PUT', '/tenants/other/limits', { json: {} })).status).toBe(403);
    expect(
      (await ask(service.url, 'PUT', '/tenants/default/limits', { json: { active_runs: 3 } })).status,
    ).toBe(200);
    await eventually('one more goes through', async () => (await create()).status === 201);
    expect((await create()).status).toBe(429);
    await service.stop();
    await redis.restart();
    service = await serveHere(env());
    expect(isLimited(await create(), 'active_runs')).toBe(true);
  });

  it('while Redis is away the answer is 503 and no 429, and they hold afterwards', async () => {
    await redis.kill();
    await eventually('it is away', async () => (await create()).status === 503);
    expect((await create()).json?.['code']).toBe('REDIS_UNAVAILABLE');
    await redis.restart();
    await eventually('they hold', async () => isLimited(await create(), 'active_runs'));
  });

  it('a wrong setting is refused at the start', async () => {
    for (const wrong of [
      'active_runs',
      'active_runs=0',
      'runs=5',
      'active_runs=-1',
      'active_runs=1e3',
      '{"active_runs":1}',
    ])
      await expect(serveHere({ ...env(), TENANT_LIMITS: wrong })).rejects.toThrow(
        /TENANT_LIMITS .*active_runs=100/,
      );
  });
});

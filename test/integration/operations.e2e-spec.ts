import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { randomBytes } from 'node:crypto';
import {
  ALL_ROUTES,
  configureRunstream,
  EventHandler,
  EventStore,
  type Handler,
  type HandlerContext,
  HandlerResult,
  type RecordedEvent,
  RedisConnections,
  RunstreamModule,
  setupDocs,
} from '../../src/internal.js';
import { GroupSampler } from '../../src/consumer/overview/group-sampler.js';
import { eventually } from '../support/eventually.js';
import { OpenApiDocument } from '../support/openapi.js';
import { PATIENCE_MS, testRedisUrl } from '../support/redis.js';
import { serveHere, type Serving } from '../support/service.js';

const unique = randomBytes(4).toString('hex');
const BILLING = `billing-${unique}`;
const MAILING = `mailing-${unique}`;
const tenant = `ops-${unique}`;
const tenancy = { enabled: true };

/** What the handlers of the toy application were given, and whether they fail. */
const billed: string[] = [];
const mailed: string[] = [];
let broken = false;

@EventHandler({
  group: BILLING,
  types: ['log.*'],
  from: 'start',
  maxAttempts: 2,
  version: 4,
  backoff: { initialMs: 10 },
})
class Bill implements Handler {
  handle(event: RecordedEvent, context: HandlerContext): HandlerResult {
    billed.push(`${String(event.data['line'])} ${context.attempt}`);
    if (broken) throw new Error('the bank is closed');
    return HandlerResult.success();
  }
}

@EventHandler({ group: MAILING, from: 'start' })
class Mail implements Handler {
  handle(event: RecordedEvent): void {
    mailed.push(`${event.event.category}.${event.event.action}`);
  }
}

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

describe('Consumer groups over REST', () => {
  let app: NestExpressApplication;
  let url: string;
  let document: OpenApiDocument;
  /** An instance that only serves the API: it has no handler and never did. */
  let api: Serving;
  let run: string;

  beforeAll(async () => {
    @Module({
      imports: [
        RunstreamModule.forRoot({
          redis: { url: testRedisUrl(), commandTimeoutMs: PATIENCE_MS },
          routes: ALL_ROUTES,
          tenancy,
          consumer: { tenants: [tenant] },
        }),
      ],
      providers: [Bill, Mail],
    })
    class ToyModule {}
    app = await NestFactory.create<NestExpressApplication>(ToyModule, { bodyParser: false, logger: false });
    configureRunstream(app, { maxRequestBytes: 1024 * 1024, corsOrigins: [] });
    setupDocs(app);
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
    document = await OpenApiDocument.of(url);
    api = await serveHere({ MULTI_TENANCY_ENABLED: 'true' });
    run = (await call('POST /runs', {}, { json: { task: 'operations' } })).body['id'] as string;
  });

  afterAll(async () => {
    await Promise.all([app.close(), api.stop()]);
  });

  /** Sends a request and expects its answer to be what the document says of the operation. */
  async function call(
    name: string,
    params: Record<string, string> = {},
    {
      query = '',
      json,
      at = url,
      as = tenant,
    }: { query?: string; json?: unknown; at?: string; as?: string } = {},
  ): Promise<Answer> {
    const [method = '', path = ''] = name.split(' ');
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, param: string) =>
      encodeURIComponent(params[param] ?? ''),
    );
    const response = await fetch(at + filled + query, {
      method,
      headers: { 'X-Tenant-ID': as, ...(json !== undefined && { 'Content-Type': 'application/json' }) },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    });
    const text = await response.text();
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    expect(
      document.answerProblems(name, response.status, response.headers.get('content-type'), body),
    ).toEqual([]);
    return { status: response.status, body: (body ?? {}) as Record<string, unknown> };
  }

  const append = async (...lines: string[]): Promise<void> => {
    const json = lines.map((line) => ({ event: { category: 'log', action: 'stdout' }, data: { line } }));
    expect((await call('POST /runs/{run_id}/events', { run_id: run }, { json })).status).toBe(201);
  };
  const group = async (name: string, at = url): Promise<Record<string, unknown>> => {
    const { groups } = (await call('GET /consumers', {}, { at })).body as {
      groups: Record<string, unknown>[];
    };
    return groups.find((one) => one['group'] === name) ?? {};
  };
  const letters = async (query = ''): Promise<Record<string, unknown>[]> =>
    (await call('GET /dead-letters', {}, { query })).body['dead_letters'] as Record<string, unknown>[];
  const code = async (answer: Promise<Answer>): Promise<unknown> => (await answer).body['code'];

  it('lists the groups, on an instance without handlers too', async () => {
    await append('a');
    await eventually('both have seen it', () => billed.includes('a 1') && mailed.includes('log.stdout'));
    for (const at of [url, api.url]) {
      await eventually('nothing is left', async () => (await group(BILLING, at))['pending'] === 0);
      expect(await group(BILLING, at)).toEqual({
        group: BILLING,
        handlers: ['Bill'],
        types: ['log.*'],
        handled: true,
        consumers: [{ name: expect.any(String), pending: 0, idle_ms: expect.any(Number) }],
        members: [
          {
            ...{ name: expect.any(String), handler: 'Bill', types: ['log.*'], ordering: 'none' },
            ...{ concurrency: 100, lease_ms: 60_000, max_attempts: 2, version: 4 },
            ...{ fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/), idle_ms: expect.any(Number) },
          },
        ],
        pending: 0,
        lag: 0,
        lag_ms: 0,
        oldest_pending_age_ms: null,
        delayed_retries: 0,
        dead_letters: 0,
        paused: false,
        last_recovery: null,
        rates: { appended_per_second: expect.any(Number), handled_per_second: expect.any(Number) },
      });
      expect(await group(MAILING, at)).toMatchObject({ handlers: ['Mail'], types: null });
    }
    const elsewhere = (await call('GET /consumers', {}, { at: api.url, as: `none-${unique}` })).body;
    expect(elsewhere).toEqual({ groups: [], count: 0 });
  });

  it('pauses on one instance what runs on another, and resumes', async () => {
    const paused = await call('POST /consumers/{group}/pause', { group: BILLING }, { at: api.url });
    expect(paused).toMatchObject({ status: 200, body: { group: BILLING, paused: true } });
    // Nobody has to say here who they are.
    expect(paused.body).not.toHaveProperty('paused_by');
    const since = paused.body['paused_at'];
    expect(Math.abs(Date.now() - Date.parse(String(since)))).toBeLessThan(60_000);
    const again = await call('POST /consumers/{group}/pause', { group: BILLING });
    expect(again.body['paused_at']).toBe(since);
    await append('held');
    await eventually(
      'the other group goes on',
      () => mailed.filter((type) => type === 'log.stdout').length === 2,
    );
    const { pending, lag } = await group(BILLING);
    expect([Number(pending) + Number(lag), billed.includes('held 1')]).toEqual([1, false]);
    const resumed = await call('POST /consumers/{group}/resume', { group: BILLING });
    expect(resumed).toMatchObject({ status: 200, body: { paused: false } });
    expect(resumed.body).not.toHaveProperty('paused_at');
    await eventually('it is handled', () => billed.includes('held 1'));
  });

  it('shows how groups stand in sum over all tenants, who runs them, and the tenants furthest behind', async () => {
    await call('POST /consumers/{group}/pause', { group: MAILING });
    const seen = mailed.length;
    await append('for the sum');
    const overview = async (at = url): Promise<Record<string, unknown>> => {
      // It needs no tenant.
      const { body } = await call('GET /consumers/overview', {}, { at });
      const groups = body['groups'] as Record<string, unknown>[];
      expect(body['count']).toBe(groups.length);
      return groups.find((one) => one['group'] === MAILING) ?? {};
    };
    await eventually('the pause shows', async () => {
      const { lag, pending, tenants_paused } = await overview();
      return Number(lag) + Number(pending) === 1 && tenants_paused === 1;
    });
    expect(mailed.length).toBe(seen);
    const found = await overview();
    expect(found).toMatchObject({
      group: MAILING,
      dead_letters: 0,
      complete: true,
      tenants_looked_at: 1,
      rates: { handled_per_second: expect.any(Number) },
      members: [{ handler: 'Mail', types: null, version: null }],
      worst_tenants: [{ tenant_id: tenant, paused: true }],
    });
    expect(found['lag_ms']).toBeGreaterThan(0);
    expect((await group(MAILING))['lag_ms']).toBeGreaterThan(0);
    await eventually('an instance without handlers knows as much', async () => {
      const { lag, pending } = await overview(api.url);
      return Number(lag) + Number(pending) === 1;
    });
    const samples = app.get(GroupSampler, { strict: false });
    // Unless it did so by itself just now.
    await samples.sample(MAILING);
    const { body } = await call('GET /consumers/{group}', { group: MAILING }, { at: api.url });
    expect(body).toMatchObject({ group: MAILING, paused: true });
    expect((body['samples'] as object[]).at(-1)).toMatchObject({
      lag: expect.any(Number),
      pending: expect.any(Number),
    });
    await call('POST /consumers/{group}/resume', { group: MAILING });
    await eventually('nothing is left', async () => (await overview())['lag_ms'] === 0);
    expect((await overview())['samples']).toContainEqual(
      expect.objectContaining({
        at: expect.any(String),
        pending: expect.any(Number),
        tenants_behind: expect.any(Number),
        complete: true,
      }),
    );
    const json = await fetch(`${url}/consumers/overview?group=${MAILING}`, {
      headers: { 'X-Tenant-ID': tenant },
    });
    expect(json.status).toBe(400);
  });

  it('replays from a time', async () => {
    await eventually('all is billed', () => billed.includes('for the sum 1'));
    const before = billed.length;
    const json = { from: '2001-01-01T00:00:00Z' };
    const replayed = await call('POST /consumers/{group}/replay', { group: BILLING }, { json, at: api.url });
    expect(replayed.status).toBe(200);
    await eventually('they came again', () => billed.length === before + 3);
    expect(billed.slice(before).sort()).toEqual(['a 1', 'for the sum 1', 'held 1']);
  });

  it('shows dead letters, redrives them and deletes them', async () => {
    broken = true;
    await append('x', 'y', 'z');
    await eventually('three are dead-lettered', async () => (await letters()).length === 3);
    broken = false;
    billed.length = 0;
    const [newest] = await letters(`?group=${BILLING}&type=log.stdout`);
    expect(newest).toMatchObject({
      group: BILLING,
      run_id: run,
      error: 'the bank is closed',
      attempts: 2,
      event: { run_id: run, tenant_id: tenant, event: { category: 'log', action: 'stdout' } },
    });
    expect(await letters('?type=llm.*')).toEqual([]);
    expect(await letters(`?group=${MAILING}`)).toEqual([]);
    const page = (await call('GET /dead-letters', {}, { query: '?limit=2' })).body;
    expect(page).toMatchObject({ count: 2, has_more: true });
    expect(await letters(`?limit=2&cursor=${String(page['next_cursor'])}`)).toHaveLength(1);

    const id = String(newest?.['id']);
    const tries = await Promise.all([1, 2, 3].map(() => call('POST /dead-letters/{id}/redrive', { id })));
    expect(tries.map(({ status }) => status).sort()).toEqual([200, 404, 404]);
    await eventually('it is handled', () => billed.length === 1);

    const one = await call('POST /dead-letters/redrive', {}, { json: { group: BILLING, limit: 1 } });
    expect(one).toEqual({ status: 200, body: { redriven: 1, trimmed: 0 } });
    await eventually('it is handled', () => billed.length === 2);
    const [last] = await letters();
    expect((await call('DELETE /dead-letters/{id}', { id: String(last?.['id']) })).status).toBe(204);
    expect(await letters()).toEqual([]);
    expect((await call('DELETE /dead-letters', {}, { query: `?group=${BILLING}` })).status).toBe(204);
  });

  it('tenants see and touch nothing of each other', async () => {
    broken = true;
    await append('mine');
    await eventually('it is dead-lettered', async () => (await letters()).length === 1);
    broken = false;
    const [letter] = await letters();
    const other = { at: api.url, as: `other-${unique}` };
    const id = String(letter?.['id']);
    expect(await code(call('POST /dead-letters/{id}/redrive', { id }, other))).toBe('DEAD_LETTER_NOT_FOUND');
    expect(await code(call('DELETE /dead-letters/{id}', { id }, other))).toBe('DEAD_LETTER_NOT_FOUND');
    for (const name of ['POST /consumers/{group}/pause', 'GET /consumers/{group}'])
      expect(await code(call(name, { group: BILLING }, other))).toBe('GROUP_NOT_FOUND');
    expect(await letters()).toHaveLength(1);
  });

  it('removes a group that nobody handles, and no other', async () => {
    for (const at of [url, api.url]) {
      expect(await code(call('DELETE /consumers/{group}', { group: BILLING }, { at }))).toBe('GROUP_IN_USE');
    }
    const old = `old-${unique}`;
    const { journal } = app.get(EventStore, { strict: false }).keys.partition(tenant, 0);
    await app.get(RedisConnections, { strict: false }).commands.xgroup('CREATE', journal, old, '0');
    expect(await group(old)).toMatchObject({ handlers: [], types: null, handled: false });
    expect((await call('DELETE /consumers/{group}', { group: old })).status).toBe(204);
    expect(await group(old)).toEqual({});
    expect(await code(call('DELETE /consumers/{group}', { group: old }))).toBe('GROUP_NOT_FOUND');
  });

  it('refuses what it does not know, with the code that is documented', async () => {
    for (const name of ['nobody', 'a:b', '{x}', '*', 'Billing', 'x'.repeat(100)]) {
      for (const operation of ['pause', 'resume'])
        expect(await code(call(`POST /consumers/{group}/${operation}`, { group: name }))).toBe(
          'GROUP_NOT_FOUND',
        );
      const json = { from: '2001-01-01' };
      expect(await code(call('POST /consumers/{group}/replay', { group: name }, { json }))).toBe(
        'GROUP_NOT_FOUND',
      );
      expect(await code(call('DELETE /consumers/{group}', { group: name }))).toBe('GROUP_NOT_FOUND');
    }
    const replay = (json: unknown) =>
      code(call('POST /consumers/{group}/replay', { group: BILLING }, { json }));
    expect(await replay({ from: 'yesterday' })).toBe('VALIDATION_FAILED');
    expect(await replay({})).toBe('VALIDATION_FAILED');
    expect(await replay({ from: '1-1', form: 1 })).toBe('VALIDATION_FAILED');
    for (const id of ['x', `${BILLING}.1`, `nobody.1-1`, `${BILLING}.1-1`, 'a:b.1-1']) {
      expect(await code(call('POST /dead-letters/{id}/redrive', { id }))).toBe('DEAD_LETTER_NOT_FOUND');
      expect(await code(call('DELETE /dead-letters/{id}', { id }))).toBe('DEAD_LETTER_NOT_FOUND');
    }
    const redrive = (json: unknown) => code(call('POST /dead-letters/redrive', {}, { json }));
    expect(await redrive({})).toBe('VALIDATION_FAILED');
    expect(await redrive({ group: 'nobody' })).toBe('GROUP_NOT_FOUND');
    expect(await redrive({ group: BILLING, limit: 0 })).toBe('VALIDATION_FAILED');
    expect(await redrive({ group: BILLING, type: 'un.known' })).toBe('UNKNOWN_EVENT_TYPE');
    const list = (query: string) => code(call('GET /dead-letters', {}, { query }));
    expect(await list('?group=nobody')).toBe('GROUP_NOT_FOUND');
    expect(await list('?cursor=x')).toBe('VALIDATION_FAILED');
    expect(await list('?type=un.known')).toBe('UNKNOWN_EVENT_TYPE');
    expect(await list('?typ=log.*')).toBe('VALIDATION_FAILED');
    expect(await code(call('DELETE /dead-letters'))).toBe('VALIDATION_FAILED');
  });
});

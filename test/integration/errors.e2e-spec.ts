import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ERROR_STATUS, type ErrorCode } from '../../src/common/index.js';
import { expectError, type Client } from '../conformance/client.js';
import type { Reply } from '../conformance/http.js';
import { eventOf, numbered, terminal, type Run } from '../conformance/model.js';
import { eventually } from '../support/eventually.js';
import { report } from '../support/report-line.js';
import type { Serving } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';

const bed = new TestBed();

const NO_SUCH_RUN = 'r0_00000000000000000000000000';

interface Row {
  code: ErrorCode;
  /** Each way to provoke it, by what a client did. */
  ways: Record<string, () => Promise<Reply>>;
  /** What is promised beside the status and the body. */
  also?: (reply: Reply, details: unknown) => void;
}

/** Rows of the table that are met elsewhere, or by nobody yet. Whoever adds a row provokes it below, or says why not. */
const NOT_HERE: Partial<Record<ErrorCode, string>> = {
  GROUP_TAKEN: 'it takes a handler; src/consumer/workers/operating.int-spec.ts has one',
  GROUP_IN_USE: 'it takes a handler; src/consumer/admin/group-control.int-spec.ts has one',
  KEY_NOT_FOUND: 'it takes a credential; src/auth has one',
  RATE_LIMITED: 'nothing is limited by rate',
  NOT_REPLICATED: 'there is no replica, which test/topologies has',
  TENANT_LIMIT: 'no tenant is limited; test/limits has some',
  OVERLOADED: 'nothing is turned away for load',
  INTERNAL_ERROR: 'it takes a defect; test/integration/edge has one',
};

let service: Serving;
let tenants: Serving;
let locked: Serving;
let api: Client;
let run: Run;
let ended: Run;
let owned: Run;
let expired: Run;

beforeAll(async () => {
  [service, tenants, locked] = await Promise.all([
    bed.serveHere({ EVENT_TTL_SECONDS: '1', MAX_REQUEST_BYTES: String(3 * 1024 * 1024) }),
    bed.serveHere({ MULTI_TENANCY_ENABLED: 'true', ALLOWED_TENANTS: 'acme' }),
    bed.serveHere({ AUTH_MODE: 'api-key' }),
  ]);
  api = bed.client(service);
  [run, ended, expired] = await Promise.all([api.createRun(), api.createRun(), api.createRun()]);
  await api.append(expired.id, terminal());
  await eventually(
    'it has expired',
    async () => (await api.get(`/runs/${expired.id}/events`)).status === 410,
  );
  await api.append(ended.id, terminal());
});

afterAll(() => bed.close());

const post = (path: string, json: unknown, headers = {}): Promise<Reply> =>
  api.request('POST', path, { json, headers });
const postText = (path: string, body: string, contentType = 'application/json'): Promise<Reply> =>
  api.request('POST', path, { body, contentType });
const events = (of: Run = run): string => `/runs/${of.id}/events`;
const ofTenant = (tenant?: string): Client =>
  bed.client({ url: tenants.url, headers: tenant === undefined ? {} : { 'x-tenant-id': tenant } });

const rows: Row[] = [
  {
    code: 'VALIDATION_FAILED',
    ways: {
      'a body that is no JSON': () => postText('/runs', '{"task":'),
      'no body': () => api.request('POST', '/runs'),
      'a missing property': () => post('/runs', {}),
      'an unknown property': () => post('/runs', { task: 'x', tsak: 'y' }),
      'an unknown query parameter': () => api.get('/runs', { limits: 1 }),
      'a limit out of range': () => api.get(events(), { limit: 10_001 }),
      'a number that is not finite': () =>
        postText(events(), '{"event":{"category":"llm","action":"stream"},"data":{"n":1e400}}'),
      'bytes that are no UTF-8': () =>
        api.request('POST', '/runs', { body: Buffer.from('{"task":"\xff"}', 'latin1') }),
      'no events at all': () => post(events(), []),
      'more than 1000 events': () =>
        post(
          events(),
          Array.from({ length: 1001 }, (_, n) => numbered(n)),
        ),
      'a terminal event that is not the last': () => post(events(), [terminal(), numbered(1)]),
      'a bad line of NDJSON': () => postText(events(), '{"event":\n', 'application/x-ndjson'),
      'an Idempotency-Key with NDJSON': () =>
        api.request('POST', events(), {
          body: '',
          contentType: 'application/x-ndjson',
          headers: { 'idempotency-key': 'k' },
        }),
      'a malformed Expected-Sequence': () => post(events(), numbered(1), { 'expected-sequence': '-1' }),
      'no tenant where there must be one': () => ofTenant().get('/runs'),
      'a tenant that can’t be one': () => ofTenant('a:b').get('/runs'),
    },
    also: (reply, details) => {
      expect([reply.request, details]).toEqual([reply.request, expect.anything()]);
    },
  },
  {
    code: 'INVALID_EVENT_ID',
    ways: {
      'history from no id': () => api.get(events(), { start_id: 'first' }),
      'history to no id': () => api.get(events(), { end_id: '1' }),
      'a stream after no id': () => api.streamReply(run.id, { lastEventId: 'x' }),
      'a stream after no id, as a parameter': () =>
        api.streamReply(run.id, { query: { last_event_id: '1-' } }),
    },
  },
  {
    code: 'UNKNOWN_EVENT_TYPE',
    ways: {
      'an event': () => post(events(), eventOf('build.started')),
      'a line': () => postText(events(), `${JSON.stringify(eventOf('llm.dream'))}\n`, 'application/x-ndjson'),
      'a filter of history': () => api.get(events(), { type: 'nothing.*' }),
      'a filter of a stream': () => api.streamReply(run.id, { query: { type: 'llm.dream' } }),
    },
  },
  { code: 'UNKNOWN_EXECUTOR', ways: { 'a run': () => post('/runs', { task: 'x', executor: 'nobody' }) } },
  {
    code: 'FORBIDDEN',
    ways: { 'a tenant that is not served': () => ofTenant('other').get('/runs') },
  },
  {
    code: 'ROUTE_NOT_FOUND',
    ways: {
      'no such path': () => api.get('/runz'),
      'below a route': () => api.get(`${events()}/1/2`),
      'a path that climbs': () => api.get('/..%2f..%2fetc/passwd'),
    },
  },
  {
    code: 'RUN_NOT_FOUND',
    ways: {
      'a run': () => api.get(`/runs/${NO_SUCH_RUN}`),
      'what is no run id': () => api.get('/runs/%7Bx%7D:*'),
      'its history': () => api.get(`/runs/${NO_SUCH_RUN}/events`),
      'its stream': () => api.streamReply(NO_SUCH_RUN),
      'an append': () => post(`/runs/${NO_SUCH_RUN}/events`, numbered(1)),
      cancelling: () => post(`/runs/${NO_SUCH_RUN}/cancel`, {}),
      deleting: () => api.request('DELETE', `/runs/${NO_SUCH_RUN}`),
      'a run of another tenant': () => ofTenant('acme').get(`/runs/${run.id}`),
    },
  },
  {
    code: 'UNAUTHORIZED',
    ways: {
      'no credential': () => bed.client(locked).get('/runs'),
      'a wrong one': () =>
        bed.client({ ...locked, headers: { authorization: 'Bearer wrong' } }).streamReply(NO_SUCH_RUN),
    },
  },
  {
    code: 'GROUP_NOT_FOUND',
    ways: {
      pausing: () => post('/consumers/nobody/pause', {}),
      replaying: () => post('/consumers/nobody/replay', { from: '2026-01-01' }),
      removing: () => api.request('DELETE', '/consumers/nobody'),
      'its dead letters': () => api.get('/dead-letters', { group: 'nobody' }),
    },
  },
  {
    code: 'DEAD_LETTER_NOT_FOUND',
    ways: {
      redriving: () => post('/dead-letters/nobody.1-1/redrive', {}),
      deleting: () => api.request('DELETE', '/dead-letters/x'),
    },
  },
  {
    code: 'METHOD_NOT_ALLOWED',
    ways: {
      'a collection': () => api.request('PUT', '/runs', { json: {} }),
      'a run': () => api.request('PATCH', `/runs/${run.id}`, { json: {} }),
      'a stream': () => post(`${events()}/stream`, {}),
    },
    also: (reply) => {
      expect(reply.headers.allow).toMatch(/GET/);
    },
  },
  {
    code: 'RUN_ENDED',
    ways: {
      'an append': () => post(events(ended), numbered(1)),
      'a line': () => postText(events(ended), `${JSON.stringify(numbered(1))}\n`, 'application/x-ndjson'),
      cancelling: () => post(`/runs/${ended.id}/cancel`, {}),
    },
  },
  {
    code: 'EXECUTOR_NOT_FOUND',
    ways: {
      'an executor': () => api.get('/executors/nobody'),
      claiming: () => post('/executors/nobody/claims', { worker: 'w', claim_id: 'c' }),
      deleting: () => api.request('DELETE', '/executors/nobody'),
    },
  },
  {
    code: 'EXECUTOR_TAKEN',
    ways: {
      external: () => api.request('PUT', '/executors/external', { json: {} }),
      'a class': () => api.request('PUT', '/executors/replay', { json: {} }),
    },
  },
  {
    code: 'VERSION_OUTDATED',
    ways: {
      'an older worker': async () => {
        await api.request('PUT', '/executors/of-errors', { json: { version: 2 } });
        const reply = await api.request('PUT', '/executors/of-errors', { json: { version: 1 } });
        await api.request('DELETE', '/executors/of-errors');
        return reply;
      },
    },
  },
  {
    code: 'LEASE_LOST',
    ways: {
      'no token': () => post(`/runs/${run.id}/lease`, {}),
      releasing: () => post(`/runs/${run.id}/release`, {}),
      'a wrong token': () =>
        api.request('POST', events(run), { json: numbered(1), headers: { 'lease-token': 'x' } }),
    },
  },
  {
    code: 'RUN_HAS_EXECUTOR',
    ways: { 'the end of a run that an executor owns': () => post(events(owned), terminal()) },
  },
  {
    code: 'SEQUENCE_CONFLICT',
    ways: {
      'an append': () => post(events(), numbered(1), { 'expected-sequence': '41' }),
      'an upload': () =>
        api.postLines(run.id, `${JSON.stringify(numbered(1))}\n`, { 'expected-sequence': '41' }),
    },
    also: (_, details) => {
      // What an upload says of itself, it says as well.
      const { sequence } = details as { sequence?: number; cause?: { sequence: number } };
      expect(sequence ?? (details as { cause: { sequence: number } }).cause.sequence).toBe(1);
    },
  },
  {
    code: 'IDEMPOTENCY_CONFLICT',
    ways: {
      'a run': async () => {
        const headers = { 'idempotency-key': `a ${run.id}` };
        await post('/runs', { task: 'x' }, headers);
        return post('/runs', { task: 'y' }, headers);
      },
      'an append': async () => {
        const headers = { 'idempotency-key': `b ${run.id}` };
        await post(events(), numbered(1), headers);
        return post(events(), numbered(2), headers);
      },
    },
  },
  {
    code: 'RUN_EXPIRED',
    ways: {
      history: () => api.get(events(expired)),
      'a stream': () => api.streamReply(expired.id),
      'a stream with a cursor': () => api.streamReply(expired.id, { lastEventId: '1-1' }),
    },
  },
  {
    code: 'EVENT_TOO_LARGE',
    ways: {
      'an event': () => post(events(), eventOf('llm.stream', { content: 'x'.repeat(1024 * 1024) })),
      'a line': () =>
        postText(
          events(),
          `${JSON.stringify(eventOf('llm.stream', { content: 'x'.repeat(1024 * 1024) }))}\n`,
          'application/x-ndjson',
        ),
    },
  },
  {
    code: 'PAYLOAD_TOO_LARGE',
    ways: {
      'a run': () => post('/runs', { task: 'x', input: { text: 'x'.repeat(3 * 1024 * 1024) } }),
      events: () =>
        post(
          events(),
          Array.from({ length: 5 }, () => eventOf('llm.stream', { content: 'x'.repeat(900_000) })),
        ),
    },
  },
  {
    code: 'UNSUPPORTED_MEDIA_TYPE',
    ways: {
      'a form': () => postText('/runs', 'task=x', 'application/x-www-form-urlencoded'),
      text: () => postText(events(), 'x', 'text/plain'),
      'another charset': () => postText('/runs', '{"task":"x"}', 'application/json; charset=latin1'),
      'NDJSON where one object is due': () => postText('/runs', '{"task":"x"}\n', 'application/x-ndjson'),
    },
  },
  {
    code: 'REDIS_UNAVAILABLE',
    ways: {
      'Redis is away': async () => {
        const redis = await bed.startRedis();
        const alone = await bed.serveHere({ REDIS_URL: redis.url });
        try {
          await redis.stop();
          return await bed.client(alone).get('/runs');
        } finally {
          await alone.stop();
        }
      },
    },
    also: (reply) => {
      expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
    },
  },
];

describe('Every row of the error table, provoked from outside', () => {
  let folder: string;
  let working: Serving;

  beforeAll(async () => {
    // A run of an executor, in a service that has a command to run: it only has to be there.
    folder = await mkdtemp(join(tmpdir(), 'runstream-errors-'));
    bed.onClose(() => rm(folder, { recursive: true }));
    const file = join(folder, 'commands.json');
    await writeFile(
      file,
      JSON.stringify({ wait: { argv: [process.execPath, '-e', 'setTimeout(() => {}, 60000)'] } }),
    );
    working = await bed.serveHere({ COMMANDS_FILE: file });
    owned = await bed.client(working).createRun({ executor: 'command', input: { command: 'wait' } });
  });

  for (const { code, ways, also } of rows) {
    it.each(Object.entries(ways))(`${ERROR_STATUS[code]} ${code}: %s`, async (_, provoke) => {
      const reply = await provoke();
      const body = expectError(reply, ERROR_STATUS[code], code);
      also?.(reply, body.details);
      // It says something to do, and nothing of what is behind it.
      expect(body.message.length).toBeGreaterThan(20);
      expect(reply.text).not.toMatch(/node_modules|at \w+ \(|ioredis|ECONN|\/src\/|\.ts:/);
    });
  }

  it('T17 none leaves anything behind in the run', async () => {
    const log = await api.history(run.id);
    // Its start, and the one event of the idempotent append.
    expect(log).toHaveLength(2);
  });

  it('names the rows that are not provoked here', () => {
    const provoked = new Set(rows.map(({ code }) => code));
    const missing = Object.keys(ERROR_STATUS).filter((code) => !provoked.has(code as ErrorCode));
    for (const [code, why] of Object.entries(NOT_HERE)) report(`not provoked here: ${code}: ${why}`);
    expect(missing.sort()).toEqual(Object.keys(NOT_HERE).sort());
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { readFileSync } from 'node:fs';
import { AppModule } from '../../src/app.module.js';
import { RequireScope, type Scope, SCOPES } from '../../src/auth/index.js';
import { configureRunstream } from '../../src/configure-runstream.js';
import { optionsFromEnv } from '../../src/options-from-config.js';
import { RunstreamModule } from '../../src/runstream.module.js';
import { ALL_ROUTES } from '../../src/runstream-options.js';
import { rawRequest } from '../integration/edge/raw-request.js';
import { OpenApiDocument } from '../support/openapi.js';
import { PATIENCE_MS, testRedisUrl } from '../support/redis.js';
import { serveHere, type Serving } from '../support/service.js';
import { type Answer, ask } from './ask.js';
import { bearer, type TestKey, TestKeys } from './keys.js';
import { BODIES, NOT_THERE, QUERIES } from './matrix-requests.js';
import { decisions } from './routes.js';

const TENANT = 'matrix-own';
const OTHER = 'matrix-other';
const LEASES = /\{run_id\}\/(?:lease|release)$/;

let service: Serving;
let document: OpenApiDocument;
let access: ReturnType<typeof decisions>;
let keys: TestKeys;
let all: TestKey;

beforeAll(async () => {
  const env = { AUTH_MODE: 'api-key', MULTI_TENANCY_ENABLED: 'true' };
  [service, keys] = await Promise.all([serveHere(env), TestKeys.open()]);
  document = await OpenApiDocument.of(service.url);
  const application = await NestFactory.create(
    AppModule.forRoot(optionsFromEnv({ REDIS_URL: testRedisUrl(), AUTH_MODE: 'api-key' })),
    { logger: false },
  );
  access = decisions(application);
  await application.close();
  all = await keys.create(TENANT);
});
afterAll(async () => {
  await Promise.all([service.stop(), keys.close()]);
});

const operations = () => [...document.operations.keys()];
const closed = () => operations().filter((name) => access.get(name) !== 'public');
const scopeOf = (name: string) => access.get(name) as Scope;
/** What belongs to all tenants, so that none of several may be shown it. */
const OF_ALL = ['GET /metrics', 'GET /consumers/overview'];
const ofTenants = () => closed().filter((name) => !OF_ALL.includes(name));

async function createRun(headers = all.headers): Promise<string> {
  const { json } = await ask(service.url, 'POST', '/runs', { headers, json: { task: 'matrix' } });
  return String(json?.['id']);
}

interface Names {
  run_id?: string;
  key_id?: string;
}

async function call(
  name: string,
  headers: Readonly<Record<string, string>>,
  names: Names = {},
): Promise<Answer> {
  const [method = '', template = ''] = name.split(' ');
  const values: Record<string, string | undefined> = { ...names };
  const path = template.replaceAll(/\{(\w+)\}/g, (_, parameter: string) => values[parameter] ?? 'matrix');
  const json = BODIES[name];
  const answer = await ask(service.url, method, path + (QUERIES[name] ?? ''), {
    headers: { ...(name.endsWith('/ndjson') && { 'content-type': 'application/x-ndjson' }), ...headers },
    ...(json !== undefined && { json }),
  });
  const type = answer.headers['content-type'] ?? null;
  if (answer.json) expect(document.answerProblems(name, answer.status, type, answer.json)).toEqual([]);
  return answer;
}

/** What an answer says, but for the id of its request. */
function meaning({ status, json }: Answer) {
  return { status, ...json, request_id: undefined };
}

/** Asks each closed route, with a run and a key that are there. */
async function everywhere(headers: (name: string) => Promise<Readonly<Record<string, string>>>) {
  const run_id = await createRun();
  const { id: key_id } = await keys.create(TENANT);
  const answers: [string, Answer][] = [];
  for (const name of closed())
    answers.push([name, await call(name, await headers(name), { run_id, key_id })]);
  // Nothing came of it.
  const run = await ask(service.url, 'GET', `/runs/${run_id}`, { headers: all.headers });
  expect([run.status, run.json?.['status'], run.json?.['sequence']]).toEqual([200, 'running', 1]);
  expect((await ask(service.url, 'GET', '/keys?limit=1000', { headers: all.headers })).text).toContain(
    `"id":"${key_id}"`,
  );
  return answers;
}

describe('every route has decided who may call it', () => {
  it('in its metadata', () => {
    const undecided = [...access].filter(([, decision]) => decision === undefined).map(([name]) => name);
    expect(undecided).toEqual([]);
  });

  it('and is in the document, with a credential if it is closed', () => {
    expect(operations().filter((name) => !access.has(name))).toEqual([]);
    expect([...access.keys()].filter((name) => !document.operations.has(name))).toEqual([
      'GET /',
      'GET /assets/{name}',
    ]);
    for (const [name, operation] of document.operations) {
      const schemes = (operation.security ?? [{ nothing: [] }]).flatMap((one) => Object.keys(one));
      const byTicket = name.endsWith('/stream') ? ['ticket'] : [];
      const expected = access.get(name) === 'public' ? [] : ['bearer', 'session', ...byTicket];
      expect([name, schemes]).toEqual([name, expected]);
    }
    expect(Object.keys(document.json.components.securitySchemes ?? {})).toEqual([
      'bearer',
      'session',
      'ticket',
    ]);
  });

  it('and its header for the tenant is in the document, if it is for one', () => {
    for (const [name, { parameters }] of document.operations) {
      const headers = parameters.filter((parameter) => parameter.name === 'X-Tenant-ID');
      // The credential names the tenant.
      const expected = ofTenants().includes(name) ? [{ in: 'header', required: false }] : [];
      expect([name, headers]).toMatchObject([name, expected]);
    }
  });

  it('as docs/protocol.md says', () => {
    const text = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
    const table = /### Scopes\n(.*?)\n#/s.exec(text)?.[1] ?? '';
    const rows = [...table.matchAll(/^\| `?([a-z:]+)`? +\| (.*?) +\|$/gm)];
    const said = rows.flatMap(([, scope, routes = '']) =>
      [...routes.matchAll(/`([A-Z]+ \/[^`]*)`/g)].map(([, name]) => `${name} ${scope}`),
    );
    const actual = [...access].map(([name, decision]) => `${name} ${decision}`);
    const docs = ['GET /docs public', 'GET /docs-json public'];
    expect(said.sort()).toEqual([...actual, ...docs].sort());
  });

  it("and one of an application that has not is that application's own", async () => {
    @Controller('forgotten')
    class ForgottenController {
      @Get()
      anything() {
        return {};
      }

      @RequireScope('runs:read')
      @Get('decided')
      decided() {
        return {};
      }
    }
    @Module({
      imports: [
        RunstreamModule.forRoot({
          redis: { url: testRedisUrl(), commandTimeoutMs: PATIENCE_MS },
          auth: { mode: 'api-key' },
          routes: ALL_ROUTES,
        }),
      ],
      controllers: [ForgottenController],
    })
    class ForgottenModule {}
    const app = await NestFactory.create<NestExpressApplication>(ForgottenModule, {
      bodyParser: false,
      logger: false,
    });
    try {
      configureRunstream(app, { maxRequestBytes: 1_000_000, corsOrigins: [] });
      await app.listen(0, '127.0.0.1');
      const url = await app.getUrl();
      expect([...decisions(app)].filter(([, decision]) => decision === undefined)).toEqual([
        ['GET /forgotten', undefined],
      ]);
      const { headers } = await keys.create('default');
      expect((await ask(url, 'GET', '/forgotten')).status).toBe(200);
      expect((await ask(url, 'GET', '/forgotten/decided')).status).toBe(401);
      expect((await ask(url, 'GET', '/forgotten/decided', { headers })).status).toBe(200);
    } finally {
      await app.close();
    }
  });
});

describe('every route, by credential', () => {
  it('none, bad, expired, revoked: 401, and no word of which it was', async () => {
    const expired = await keys.create(TENANT, SCOPES, { expiresAt: Date.now() - 1 });
    const revoked = await keys.create(TENANT);
    await keys.revoke(TENANT, revoked.id);
    const swapped = `rs_${all.id}_${revoked.secret.slice(-43)}`;
    const run = await createRun();
    const { json } = await ask(service.url, 'POST', `/runs/${run}/stream-tickets`, {
      headers: all.headers,
      json: {},
    });
    const credentials: Record<string, Record<string, string>> = {
      none: {},
      'no word': { authorization: '' },
      'another scheme': { authorization: `Basic ${Buffer.from(`x:${all.secret}`).toString('base64')}` },
      'without a scheme': { authorization: all.secret },
      'two in one': { authorization: `Bearer ${all.secret}, Bearer ${all.secret}` },
      nonsense: bearer('x'),
      'of the right form': bearer(`rs_0123456789abcdef_${'A'.repeat(43)}`),
      "another key's secret": bearer(swapped),
      'a ticket as a key': bearer(String(json?.['ticket'])),
      'a cookie that is none': { cookie: `runstream_session=${'A'.repeat(43)}` },
      'a JWT that signs itself': bearer('eyJhbGciOiJub25lIn0.eyJ0ZW5hbnRfaWQiOiJtYXRyaXgtb3duIn0.'),
      expired: { ...expired.headers },
      revoked: { ...revoked.headers },
    };
    const meanings = new Set<string>();
    for (const [kind, headers] of Object.entries(credentials)) {
      for (const [name, answer] of await everywhere(() => Promise.resolve(headers))) {
        expect([kind, name, answer.status]).toEqual([kind, name, 401]);
        expect(answer.headers['www-authenticate']).toBe('Bearer');
        meanings.add(JSON.stringify(meaning(answer)));
      }
    }
    expect([...meanings]).toEqual([expect.stringContaining('"code":"UNAUTHORIZED"')]);
  });

  it('the header of another tenant: 403', async () => {
    for (const header of [OTHER, `${TENANT}, ${OTHER}`, `${TENANT}:x`, '*', TENANT.toUpperCase()]) {
      const headers = { ...all.headers, 'x-tenant-id': header };
      for (const [name, answer] of await everywhere(() => Promise.resolve(headers)))
        expect([name, meaning(answer)]).toEqual([
          name,
          expect.objectContaining({ status: 403, code: 'FORBIDDEN' }),
        ]);
    }
  });

  it('the scope missing: 403', async () => {
    for (const [name, answer] of await everywhere(async (of) => {
      const others = SCOPES.filter((scope) => scope !== scopeOf(of));
      return (await keys.create(TENANT, others)).headers;
    })) {
      expect([name, meaning(answer)]).toEqual([
        name,
        expect.objectContaining({ status: 403, code: 'FORBIDDEN' }),
      ]);
      expect(answer.text).toContain(scopeOf(name));
    }
  });

  it('a ticket: 403, but for the stream that it is for', async () => {
    const run_id = await createRun();
    const ticket = async (path: string) => {
      const { status, json } = await ask(service.url, 'POST', path, { headers: all.headers, json: {} });
      expect(status).toBe(201);
      return String(json?.['ticket']);
    };
    const ofRun = await ticket(`/runs/${run_id}/stream-tickets`);
    const ofTenant = await ticket('/events/stream-tickets');
    for (const [used, opens] of [
      [ofRun, 'GET /runs/{run_id}/events/stream'],
      [ofTenant, 'GET /events/stream'],
    ] as const) {
      for (const name of closed()) {
        const [method = '', template = ''] = name.split(' ');
        const path = template.replaceAll(/\{(\w+)\}/g, (_, of) => (of === 'run_id' ? run_id : 'matrix'));
        const json = BODIES[name];
        const { status } = await ask(service.url, method, `${path}?ticket=${used}`, {
          ...(json !== undefined && { json }),
        });
        expect([name, status]).toEqual([name, name === opens ? 200 : 403]);
      }
    }
    const another = await createRun();
    for (const path of [
      `/runs/${another}/events/stream`,
      `/RUNS/${another}/events/stream/`,
      `/runs/${run_id}/events/../../${another}/events/stream`,
      `/runs/%72${another.slice(1)}/events/stream`,
      `/runs/${run_id}%2f..%2f${another}/events/stream`,
    ]) {
      const answer = await rawRequest(
        Number(new URL(service.url).port),
        `GET ${path}?ticket=${ofRun} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      );
      expect([path, [403, 404].includes(answer.status)]).toEqual([path, true]);
    }
  });

  it('the right one: what the route is for', async () => {
    for (const name of ofTenants()) {
      const right = await keys.create(TENANT, [scopeOf(name)]);
      const names = { run_id: await createRun(), key_id: (await keys.create(TENANT)).id };
      for (const headers of [right.headers, { ...right.headers, 'x-tenant-id': TENANT }]) {
        if (name.startsWith('DELETE /runs')) names.run_id = await createRun();
        if (name.endsWith('/cancel')) names.run_id = await createRun();
        const { status } = await call(name, headers, names);
        // Nobody holds the run.
        const expected = NOT_THERE.test(name)
          ? [200, 204, 404]
          : [200, 201, 204, ...(LEASES.test(name) ? [409] : [])];
        expect([name, expected.includes(status), status]).toEqual([name, true, status]);
      }
    }
  });

  it('T57 the right one of another tenant: as if nothing were there', async () => {
    const stranger = await keys.create(OTHER);
    const run_id = await createRun();
    const { id: key_id } = await keys.create(TENANT);
    const missing = { run_id: 'r0_00000000000000000000000000', key_id: '0000000000000000' };
    for (const name of ofTenants().filter((one) => /\{(run_id|key_id)\}/.test(one))) {
      const theirs = await call(name, stranger.headers, { run_id, key_id });
      const nobodys = await call(name, stranger.headers, missing);
      expect([name, meaning(theirs)]).toEqual([name, { ...meaning(nobodys), status: 404 }]);
      expect(comparable(theirs)).toEqual(comparable(nobodys));
    }
    const list = await ask(service.url, 'GET', '/runs', { headers: stranger.headers });
    expect(list.text).not.toContain(run_id);
    expect(
      (await ask(service.url, 'GET', '/keys?limit=1000', { headers: stranger.headers })).text,
    ).not.toContain(key_id);
  });

  it('HEAD is GET, and OPTIONS is closed too', async () => {
    const run_id = await createRun();
    for (const path of ['/runs', `/runs/${run_id}`, `/runs/${run_id}/events`, '/keys']) {
      expect([path, (await ask(service.url, 'HEAD', path)).status]).toEqual([path, 401]);
      expect([path, (await ask(service.url, 'OPTIONS', path)).status]).toEqual([path, 401]);
    }
  });
});

describe('what is public', () => {
  it('answers everybody', async () => {
    for (const path of ['/', '/docs', '/docs-json', '/health/live', '/health/ready', '/session']) {
      for (const headers of [{}, bearer('bad'), { 'x-tenant-id': 'a:b' }, all.headers])
        expect([path, (await ask(service.url, 'GET', path, { headers })).status]).toEqual([path, 200]);
    }
  });

  it('is not reached by a trick of the path, nor does a trick open anything else', async () => {
    const { port } = new URL(service.url);
    const run_id = await createRun();
    const prefixes = [
      '/docs/',
      '/health/',
      '/metrics/',
      '/session/',
      '/',
      '//',
      '/docs-json/',
      '/docs?',
      '/#/',
      '/docs/#',
    ];
    const climbs = ['../', '..%2f', '%2e%2e/', '..;/', '..\\', '..%5c', './', '.%2f', ''];
    const targets = [
      'runs',
      `runs/${run_id}`,
      `runs/${run_id}/events`,
      'keys',
      'RUNS',
      '%72uns',
      'runs/',
      'metrics',
    ];
    const paths = prefixes.flatMap((prefix) =>
      climbs.flatMap((climb) => targets.map((target) => prefix + climb + target)),
    );
    for (const path of [...paths, ...targets.map((target) => `http://x/docs/../${target}`)]) {
      const lines = `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
      const answer = await rawRequest(Number(port), lines);
      const isPublic = /^\/(docs|#|docs-json)?\/?[?#]|^\/docs\/?$/.test(path);
      if (!isPublic) expect([path, [400, 401, 404].includes(answer.status)]).toEqual([path, true]);
      expect(answer.body).not.toMatch(/"runs":|"keys":|"events":\[|runstream_redis_up/);
    }
  });
});

/** Headers that could tell one 404 from another. */
function comparable({ headers }: Answer) {
  return Object.entries(headers).filter(([name]) => !['date', 'x-request-id'].includes(name));
}

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { Redis } from 'ioredis';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SCOPES } from '../../src/auth/index.js';
import { eventually } from '../support/eventually.js';
import { testRedisUrl } from '../support/redis.js';
import { type Serving, serveHere } from '../support/service.js';
import { type Answer, ask } from './ask.js';
import { bearer, TestKeys } from './keys.js';
import { OpenStream } from './streams.js';
import { ISSUER_ENVIRONMENT, issuedToken } from './tokens.js';

const TENANT = 'signed-in';
const MULTI = { MULTI_TENANCY_ENABLED: 'true' };
const MODES = {
  key: { AUTH_MODE: 'api-key', ...MULTI },
  token: { ...ISSUER_ENVIRONMENT, ...MULTI },
  tenant: { ...MULTI, ALLOWED_TENANTS: `${TENANT},another` },
  none: {},
};
type Mode = keyof typeof MODES;
const WAYS = ['key', 'token', 'tenant'] as const;
/** What a request is answered that says neither who asks nor for which tenant. */
const REFUSED = { key: 401, token: 401, tenant: 400 };
const SAYS = {
  key: /takes an API key/,
  token: /takes a token/,
  tenant: /takes the tenant/,
  none: /nothing to/,
};

let services: Record<Mode, Serving>;
let keys: TestKeys;
let proofs: Record<(typeof WAYS)[number], string>;

beforeAll(async () => {
  const started = Object.entries(MODES).map(async ([mode, env]) => [mode, await serveHere(env)] as const);
  services = Object.fromEntries(await Promise.all(started)) as typeof services;
  keys = await TestKeys.open();
  proofs = { key: (await keys.create(TENANT)).secret, token: await token(), tenant: TENANT };
});
afterAll(async () => {
  await Promise.all(Object.values(services).map((service) => service.stop()));
  await keys.close();
});

const now = () => Math.floor(Date.now() / 1000);
const token = (claims: JWTPayload = {}) =>
  issuedToken({ tenant_id: TENANT, scope: SCOPES.join(' '), ...claims });

const enter = (url: string, json: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(url, 'POST', '/session', { headers, json });

const cookieOf = ({ headers }: Answer) => String(headers['set-cookie']?.[0]).split(';')[0]!;
const lifeOf = ({ headers }: Answer) => Number(/Max-Age=(\d+)/.exec(String(headers['set-cookie']?.[0]))?.[1]);

async function signIn(mode: (typeof WAYS)[number], url = services[mode].url, proof = proofs[mode]) {
  const answer = await enter(url, { [mode]: proof });
  expect([answer.status, answer.text]).toEqual([204, '']);
  return { cookie: cookieOf(answer) };
}

async function status(url: string, headers: Record<string, string>, path = '/runs'): Promise<number> {
  return (await ask(url, 'GET', path, { headers })).status;
}

async function who(url: string, headers: Record<string, string> = {}) {
  return (await ask(url, 'GET', '/session', { headers })).json;
}

describe.each(WAYS)('a browser signs in with a %s', (mode) => {
  let url: string;
  beforeAll(() => {
    url = services[mode].url;
  });

  it('and is known by its cookie, which holds nothing of it', async () => {
    const answer = await enter(url, { [mode]: proofs[mode] });
    const set = String(answer.headers['set-cookie']?.[0]);
    expect(set).toMatch(
      /^runstream_session=[A-Za-z0-9_-]{43}; Max-Age=\d+; Path=\/; .*HttpOnly; SameSite=Strict/,
    );
    const state = await who(url, { cookie: cookieOf(answer) });
    expect(state).toMatchObject({ tenant_id: TENANT, scopes: SCOPES });
    const endsInS = (Date.parse(String(state?.['expires_at'])) - Date.now()) / 1000;
    expect(Math.abs(endsInS - lifeOf(answer))).toBeLessThan(30);
    expect((await who(url))?.['tenant_id']).toBeNull();
  });

  it('reads, watches, and changes what it likes from its own page, until it signs out', async () => {
    const headers = await signIn(mode);
    const made = await ask(url, 'POST', '/runs', {
      headers: { ...headers, origin: url },
      json: { task: 't' },
    });
    expect([made.status, made.json?.['tenant_id']]).toEqual([201, TENANT]);
    const path = `/runs/${String(made.json?.['id'])}/events/stream`;
    const stream = await OpenStream.open(url + path, headers);
    const ticket = await ask(url, 'POST', '/events/stream-tickets', {
      headers: { ...headers, origin: url },
      json: {},
    });
    const byTicket = await OpenStream.open(url + String(ticket.json?.['url']));
    const other = await signIn(mode);
    const out = await ask(url, 'DELETE', '/session', { headers });
    expect([out.status, out.headers['set-cookie']?.[0]]).toEqual([204, expect.stringMatching(/1970/)]);
    expect(await status(url, headers)).toBe(REFUSED[mode]);
    expect((await who(url, headers))?.['tenant_id']).toBeNull();
    await eventually('its streams have ended', () => !stream.isOpen && !byTicket.isOpen, 15_000);
    expect(await status(url, {}, String(ticket.json?.['url']))).toBe(401);
    expect(await status(url, other)).toBe(200);
  });

  it('from no other page, and a page that sends no Origin changes nothing', async () => {
    const headers = await signIn(mode);
    for (const foreign of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'same-site' }] as Record<
      string,
      string
    >[]) {
      const sent = { ...foreign, ...headers };
      const opened = await enter(url, { [mode]: proofs[mode] }, sent);
      const closed = await ask(url, 'DELETE', '/session', { headers: sent });
      for (const answer of [opened, closed])
        expect([foreign, answer.status, answer.headers['set-cookie']]).toEqual([foreign, 403, undefined]);
      expect(await status(url, sent)).toBe(REFUSED[mode]);
      expect((await who(url, sent))?.['tenant_id']).toBeNull();
    }
    const { status: changed } = await ask(url, 'POST', '/runs', { headers, json: { task: 't' } });
    expect(changed).toBe(REFUSED[mode]);
    expect(await status(url, headers)).toBe(200);
  });

  it('and with two cookies of the name is nobody', async () => {
    const [mine, theirs] = [await signIn(mode), await signIn(mode)];
    const both = { cookie: `${mine.cookie}; ${theirs.cookie}` };
    expect(await status(url, both)).toBe(REFUSED[mode]);
    expect((await who(url, both))?.['tenant_id']).toBeNull();
    expect((await ask(url, 'DELETE', '/session', { headers: both })).status).toBe(204);
    for (const one of [mine, theirs]) expect(await status(url, one)).toBe(REFUSED[mode]);
  });

  it('over https with a cookie that no other host can set', async () => {
    const https = { 'x-forwarded-proto': 'https' };
    const answer = await enter(url, { [mode]: proofs[mode] }, https);
    const cookie = cookieOf(answer);
    expect(cookie).toMatch(/^__Host-runstream_session=/);
    expect(await status(url, { ...https, cookie })).toBe(200);
    expect(await status(url, { ...https, cookie: cookie.replace('__Host-', '') })).toBe(REFUSED[mode]);
  });

  it('for its tenant: a header that says otherwise is refused', async () => {
    const headers = await signIn(mode);
    expect(await status(url, { ...headers, 'x-tenant-id': TENANT })).toBe(200);
    expect(await status(url, { ...headers, 'x-tenant-id': 'another' })).toBe(403);
    expect(await status(url, { ...headers, 'x-tenant-id': 'another' }, '/session')).toBe(403);
  });

  it('which counts under no other mode', async () => {
    const headers = await signIn(mode);
    for (const other of WAYS.filter((one) => one !== mode))
      expect([other, await status(services[other].url, headers)]).toEqual([other, REFUSED[other]]);
    // Where there is nothing to sign in to it takes nothing away.
    expect(await who(services.none.url, headers)).toMatchObject({ tenant_id: 'default', expires_at: null });
    expect(await status(services.none.url, headers)).toBe(200);
  });
});

describe('what is no sign-in of this deployment', () => {
  it.each(['key', 'token', 'tenant', 'none'] as const)('%s: 400 that says what is', async (mode) => {
    const { url } = services[mode];
    const wrong: object[] = WAYS.filter((one) => one !== mode).map((one) => ({ [one]: proofs[one] }));
    for (const json of [...wrong, {}, { key: null }, Object.assign({}, ...wrong), proofs]) {
      const { status: answered, json: body, headers } = await enter(url, json);
      expect([answered, body?.['code'], headers['set-cookie']]).toEqual([
        400,
        'VALIDATION_FAILED',
        undefined,
      ]);
      expect(body?.['message']).toMatch(SAYS[mode]);
    }
    if (mode === 'none') return;
    for (const json of [
      { [mode]: 1 },
      { [mode]: '' },
      { [mode]: [proofs[mode]] },
      { [mode]: proofs[mode], more: 1 },
    ])
      expect((await enter(url, json)).status).toBe(400);
  });
});

describe('a session for a token', () => {
  it('ends with it, and so does what it opened', async () => {
    const { url } = services.token;
    // Clocks may differ by 5 seconds: until 3 seconds from now.
    const answer = await enter(url, { token: await token({ exp: now() - 2 }) });
    expect(answer.status).toBe(204);
    expect(lifeOf(answer)).toBeLessThanOrEqual(3);
    const headers = { cookie: cookieOf(answer) };
    const stream = await OpenStream.open(`${url}/events/stream`, headers);
    await eventually('the stream has ended', () => !stream.isOpen, 15_000);
    expect(await status(url, headers)).toBe(401);
    expect(await who(url, headers)).toMatchObject({ scopes: null, tenant_id: null });
  });

  it('allows what the token allows', async () => {
    const { url } = services.token;
    const answer = await enter(url, { token: await token({ scope: 'runs:read' }) });
    const headers = { cookie: cookieOf(answer), origin: url };
    expect((await who(url, headers))?.['scopes']).toEqual(['runs:read']);
    expect((await ask(url, 'POST', '/runs', { headers, json: { task: 't' } })).status).toBe(403);
  });

  it('is not opened with one that is not good, nor with a key', async () => {
    const key = await keys.create(TENANT);
    for (const bad of [
      'x',
      key.secret,
      `${await token()}x`,
      await token({ exp: now() - 60 }),
      await issuedToken({ tenant_id: TENANT }, 'another secret of more than 32 bytes'),
      await issuedToken({}),
    ]) {
      const answer = await enter(services.token.url, { token: bad });
      expect([answer.status, answer.headers['set-cookie']]).toEqual([401, undefined]);
    }
  });

  it('takes one of 16 KiB, and keeps little of it', async () => {
    const { url } = services.token;
    const long = await token({ more: 'x'.repeat(11_900) });
    expect([long.length > 16_000, long.length <= 16_384]).toEqual([true, true]);
    const redis = new Redis(testRedisUrl());
    const before = new Set(await redis.keys('runstream:auth:session:*'));
    expect(await status(url, await signIn('token', url, long))).toBe(200);
    const after = (await redis.keys('runstream:auth:session:*')).filter((key) => !before.has(key));
    for (const key of after) expect((await redis.get(key))!.length).toBeLessThan(1000);
    expect(after.length).toBeGreaterThan(0);
    redis.disconnect();
    expect((await enter(url, { token: 'x'.repeat(16_385) })).status).toBe(400);
    expect((await enter(url, { token: 'x'.repeat(21_000) })).status).toBe(413);
  });

  it.each([
    ['secret', { JWT_SECRET: 'another secret of more than 32 bytes' }],
    ['issuer', { JWT_ISSUER: 'https://another.example.com' }],
    ['audience', { JWT_AUDIENCE: 'another' }],
    ['claim of scopes', { JWT_SCOPE_CLAIM: 'permissions' }],
  ])('counts no longer once the %s was changed', async (_, changed) => {
    const headers = await signIn('token');
    const service = await serveHere({ ...MODES.token, ...changed });
    try {
      expect(await status(service.url, headers)).toBe(401);
      expect(await status(services.token.url, headers)).toBe(200);
    } finally {
      await service.stop();
    }
  });

  it('counts no longer once its key was withdrawn, and is no 401 while the keys can’t be had', async () => {
    const [first, second] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')]);
    const published = async ({ publicKey }: typeof first, kid: string) => ({
      ...(await exportJWK(publicKey)),
      kid,
    });
    // Of the same name: it is the key that counts.
    const [one, other] = [await published(first, 'one'), await published(second, 'one')];
    let keySet: object[] | undefined = [one, { ...other, kid: 'two' }];
    const issuer = createServer((_, response) => {
      response.statusCode = keySet ? 200 : 500;
      response.end(JSON.stringify({ keys: keySet }));
    }).listen(0, '127.0.0.1');
    await once(issuer, 'listening');
    const { JWT_SECRET: _secret, ...environment } = MODES.token;
    const JWT_JWKS_URL = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/`;
    const jwt = await new SignJWT({ sub: 's', tenant_id: TENANT, scope: 'runs:read', exp: now() + 600 })
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .setIssuer(ISSUER_ENVIRONMENT.JWT_ISSUER)
      .setAudience(ISSUER_ENVIRONMENT.JWT_AUDIENCE)
      .sign(first.privateKey);
    const answers: [string, number, number][] = [];
    let headers: { cookie: string } | undefined;
    try {
      for (const [is, set] of [
        ['published', keySet],
        ['still published', [one]],
        ['withdrawn', [{ ...other, kid: 'two' }]],
        ['replaced', [other]],
        ['away', undefined],
      ] as const) {
        keySet = set && [...set];
        // One that has asked the issuer for nothing yet.
        const service = await serveHere({ ...environment, JWT_JWKS_URL });
        const { url } = service;
        headers ??= await signIn('token', url, jwt);
        answers.push([is, await status(url, headers), await status(url, bearer(jwt))]);
        await service.stop();
      }
    } finally {
      issuer.closeAllConnections();
      issuer.close();
    }
    expect(answers).toEqual([
      ['published', 200, 200],
      ['still published', 200, 200],
      ['withdrawn', 401, 401],
      ['replaced', 401, 401],
      ['away', 503, 503],
    ]);
  }, 60_000);
});

describe('a session for a tenant', () => {
  it('is for one that is served', async () => {
    const { url } = services.tenant;
    expect((await enter(url, { tenant: 'not-served' })).json?.['code']).toBe('FORBIDDEN');
    for (const tenant of ['A', 'a:b', 'a,b', '*', 'a'.repeat(64)])
      expect((await enter(url, { tenant })).json?.['code']).toBe('VALIDATION_FAILED');
  });

  it('takes nothing away of what is for all tenants', async () => {
    const { url } = services.tenant;
    const headers = await signIn('tenant');
    for (const path of ['/metrics', '/consumers/overview']) {
      expect([path, await status(url, {}, path)]).toEqual([path, 200]);
      expect([path, await status(url, headers, path)]).toEqual([path, 200]);
    }
  });

  it('lasts SESSION_TTL_SECONDS, and what it opened no longer', async () => {
    const service = await serveHere({ ...MODES.tenant, SESSION_TTL_SECONDS: '2' });
    try {
      const headers = await signIn('tenant', service.url);
      const stream = await OpenStream.open(`${service.url}/events/stream`, headers);
      await eventually('the stream has ended', () => !stream.isOpen, 15_000);
      expect(await status(service.url, headers)).toBe(400);
    } finally {
      await service.stop();
    }
  });
});

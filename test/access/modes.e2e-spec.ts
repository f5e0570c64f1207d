import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import { OpenApiDocument } from '../support/openapi.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { type Serving, serveHere } from '../support/service.js';
import { ask } from './ask.js';
import { bearer, TestKeys } from './keys.js';
import { OpenStream } from './streams.js';

const SECRET = 'a shared secret of more than 32 bytes';
const JWT = { AUTH_MODE: 'jwt', JWT_SECRET: SECRET, JWT_ISSUER: 'https://i.example', JWT_AUDIENCE: 'a' };
const OF_KEYS = ['POST /keys', 'GET /keys', 'DELETE /keys/0123456789abcdef'];

const MODES = { none: {}, jwt: JWT, 'api-key': { AUTH_MODE: 'api-key' } };

let redis: RedisServer;
/** One of each mode, over one Redis: a deployment whose mode was changed finds there what the other one left. */
let services: Record<keyof typeof MODES, Serving>;

beforeAll(async () => {
  redis = await startRedis();
  const start = (env: NodeJS.ProcessEnv) => serveHere({ REDIS_URL: redis.url, ...env });
  const [none, jwt, apiKey] = await Promise.all([
    start(MODES.none),
    start(MODES.jwt),
    start(MODES['api-key']),
  ]);
  services = { none, jwt, 'api-key': apiKey };
});
afterAll(async () => {
  await Promise.all(Object.values(services).map((service) => service.stop()));
  await redis.stop();
});

function token(): Promise<string> {
  return new SignJWT({ tenant_id: 'default', scope: 'runs:read keys:admin' })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('https://i.example')
    .setAudience('a')
    .setExpirationTime('10 min')
    .sign(new TextEncoder().encode(SECRET));
}

describe('J15 keys', () => {
  it.each(['none', 'jwt'] as const)(
    'have no routes with AUTH_MODE=%s, nor a place in the document',
    async (mode) => {
      const headers = mode === 'jwt' ? bearer(await token()) : {};
      const { url } = services[mode];
      for (const name of OF_KEYS) {
        const [method = '', path = ''] = name.split(' ');
        const json = method === 'POST' ? { name: 'x', scopes: ['keys:admin'] } : undefined;
        const answer = await ask(url, method, path, { headers, json });
        const unmatched = await ask(url, method, '/no/such/route', { headers, json });
        expect([name, answer.status, answer.json?.['code']]).toEqual([name, 404, 'ROUTE_NOT_FOUND']);
        const message = String(unmatched.json?.['message']).replace('/no/such/route', path);
        expect({ ...answer.json, request_id: '' }).toEqual({ ...unmatched.json, message, request_id: '' });
      }
      const names = [...(await OpenApiDocument.of(url)).operations.keys()];
      expect(names.filter((name) => /keys/.test(name))).toEqual([]);
    },
    60_000,
  );

  it('have routes with AUTH_MODE=api-key', async () => {
    const names = [...(await OpenApiDocument.of(services['api-key'].url)).operations.keys()];
    expect(names.filter((name) => /keys/.test(name)).length).toBe(OF_KEYS.length);
  }, 60_000);
});

describe('J15 what was given to somebody who proved nothing', () => {
  it.each(['api-key', 'jwt'] as const)('a ticket of the mode none opens nothing with %s', async (mode) => {
    const { url } = services.none;
    const run = await ask(url, 'POST', '/runs', { json: { task: 't' } });
    const paths = ['/events', `/runs/${String(run.json?.['id'])}`];
    const tickets = paths.map((path) => ask(url, 'POST', `${path}/stream-tickets`, { json: {} }));
    const given = (await Promise.all(tickets)).map(({ json }) => String(json?.['url']));
    for (const path of given) {
      (await OpenStream.open(url + path)).cut();
      expect((await ask(services[mode].url, 'GET', path)).status).toBe(401);
    }
  });

  it('and neither does a ticket of another mode', async () => {
    const { status, json } = await ask(services.jwt.url, 'POST', '/events/stream-tickets', {
      headers: bearer(await token()),
      json: {},
    });
    expect(status).toBe(201);
    expect((await ask(services['api-key'].url, 'GET', String(json?.['url']))).status).toBe(401);
  });

  it('a session counts only while keys do', async () => {
    const keys = await TestKeys.open(redis.url);
    const { secret } = await keys.create('default');
    await keys.close();
    const session = await ask(services['api-key'].url, 'POST', '/session', { json: { key: secret } });
    const headers = { cookie: String(session.headers['set-cookie']?.[0]).split(';')[0]! };
    expect((await ask(services['api-key'].url, 'GET', '/runs', { headers })).status).toBe(200);
    expect((await ask(services.jwt.url, 'GET', '/runs', { headers })).status).toBe(401);
  });
});

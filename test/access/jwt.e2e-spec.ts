import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '../support/eventually.js';
import { type Serving, serveHere } from '../support/service.js';
import { ask } from './ask.js';
import { bearer, TestKeys } from './keys.js';
import { OpenStream } from './streams.js';

const SECRET = 'a shared secret of more than 32 bytes';
const ISSUER = 'https://issuer.example.com';
const AUDIENCE = 'runstream';
const TENANT = 'of-the-token';
/** By how much clocks may differ. */
const TOLERANCE_SECONDS = 5;
const ENVIRONMENT = {
  AUTH_MODE: 'jwt',
  JWT_ISSUER: ISSUER,
  JWT_AUDIENCE: AUDIENCE,
  MULTI_TENANCY_ENABLED: 'true',
};
const ALL = 'runs:read runs:write consumers:admin keys:admin';

type Key = CryptoKey | Uint8Array;
const secret = new TextEncoder().encode(SECRET);

let bySecret: Serving;
let byKeySet: Serving;
let issuer: Server;
let issuerDoes: 'answer' | 'fail' | 'hang' | 'nonsense' = 'answer';
let fetches = 0;
let rsa: { publicKey: CryptoKey; privateKey: CryptoKey };
let strange: { publicKey: CryptoKey; privateKey: CryptoKey };

beforeAll(async () => {
  rsa = await generateKeyPair('RS256', { extractable: true });
  strange = await generateKeyPair('RS256');
  const keySet = { keys: [{ ...(await exportJWK(rsa.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }] };
  issuer = createServer((_, response) => {
    fetches++;
    if (issuerDoes === 'hang') return;
    response.statusCode = issuerDoes === 'fail' ? 500 : 200;
    response.end(issuerDoes === 'answer' ? JSON.stringify(keySet) : 'no');
  }).listen(0, '127.0.0.1');
  await once(issuer, 'listening');
  const { port } = issuer.address() as AddressInfo;
  [bySecret, byKeySet] = await Promise.all([
    serveHere({ ...ENVIRONMENT, JWT_SECRET: SECRET }),
    serveHere({ ...ENVIRONMENT, JWT_JWKS_URL: `http://127.0.0.1:${port}/jwks.json` }),
  ]);
});
afterAll(async () => {
  await Promise.all([bySecret.stop(), byKeySet.stop()]);
  issuer.closeAllConnections();
  issuer.close();
});

interface Made {
  claims?: JWTPayload;
  without?: readonly string[];
  algorithm?: string;
  key?: Key;
  kid?: string;
}

const now = () => Math.floor(Date.now() / 1000);

function token({
  claims = {},
  without = [],
  algorithm = 'HS256',
  key = secret,
  kid,
}: Made = {}): Promise<string> {
  const payload: JWTPayload = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'somebody',
    exp: now() + 600,
    tenant_id: TENANT,
    scope: ALL,
    ...claims,
  };
  const kept = Object.fromEntries(Object.entries(payload).filter(([name]) => !without.includes(name)));
  return new SignJWT(kept).setProtectedHeader({ alg: algorithm, ...(kid && { kid }) }).sign(key);
}

const published = (made: Made = {}) =>
  token({ algorithm: 'RS256', key: rsa.privateKey, kid: 'one', ...made });
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function get(service: Serving, jwt: string, path = '/runs', headers: Record<string, string> = {}) {
  const { status, json } = await ask(service.url, 'GET', path, { headers: { ...bearer(jwt), ...headers } });
  return [status, json?.['code']];
}

/** What is wrong with each, whatever the key. */
const bad = (make: (made?: Made) => Promise<string>): Record<string, () => Promise<string>> => ({
  'of another issuer': () => make({ claims: { iss: 'https://other.example.com' } }),
  'without an issuer': () => make({ without: ['iss'] }),
  'for another audience': () => make({ claims: { aud: 'another' } }),
  'for no audience': () => make({ without: ['aud'] }),
  expired: () => make({ claims: { exp: now() - 60 } }),
  'that never expires': () => make({ without: ['exp'] }),
  'J21 that expires at a time that is no date': () => make({ claims: { exp: 8.64e12 } }),
  'J21 that expires at the end of numbers': () => make({ claims: { exp: 1e308 } }),
  'J21 that expires before there was time': () => make({ claims: { exp: -1 } }),
  'J21 that expires at a text': () => make({ claims: { exp: String(now() + 600) as unknown as number } }),
  'that is not valid yet': () => make({ claims: { nbf: now() + 60 } }),
  'without a tenant': () => make({ without: ['tenant_id'] }),
  'with two tenants': () => make({ claims: { tenant_id: [TENANT, 'b'] } }),
  'T55 with a tenant that forges keys': () => make({ claims: { tenant_id: `${TENANT}:x` } }),
  'T55 with a tenant of braces': () => make({ claims: { tenant_id: '{a}' } }),
  'T54 with an empty tenant': () => make({ claims: { tenant_id: '' } }),
  'with no signature': async () => (await make()).replace(/[^.]*$/, ''),
  'with a changed payload': async () => {
    const [head, , signature] = (await make()).split('.');
    const payload = { iss: ISSUER, aud: AUDIENCE, exp: now() + 600, tenant_id: 'other', scope: ALL };
    return `${head}.${part(payload)}.${signature}`;
  },
  'with the algorithm none': () =>
    Promise.resolve(
      `${part({ alg: 'none' })}.${part({ iss: ISSUER, aud: AUDIENCE, exp: now() + 600, tenant_id: TENANT })}.`,
    ),
});

describe('AUTH_MODE=jwt with a secret', () => {
  it('takes a token of the issuer, and its tenant', async () => {
    const jwt = await token();
    const { status, json } = await ask(bySecret.url, 'POST', '/runs', {
      headers: bearer(jwt),
      json: { task: 't' },
    });
    expect([status, json?.['tenant_id']]).toEqual([201, TENANT]);
    expect(await get(bySecret, jwt, '/runs', { 'x-tenant-id': TENANT })).toEqual([200, undefined]);
    expect(await get(bySecret, await token({ claims: { scope: ['runs:read'] } }))).toEqual([200, undefined]);
  });

  it.each(Object.entries(bad(token)))('refuses a token %s', async (_, make) => {
    expect(await get(bySecret, await make())).toEqual([401, 'UNAUTHORIZED']);
    expect(await get(bySecret, await make(), '/events/stream')).toEqual([401, 'UNAUTHORIZED']);
  });

  it('refuses a token of another secret, of another algorithm, and API keys', async () => {
    const other = new TextEncoder().encode('some other secret of 32 bytes or so');
    expect(await get(bySecret, await token({ key: other }))).toEqual([401, 'UNAUTHORIZED']);
    expect(await get(bySecret, await token({ algorithm: 'HS512' }))).toEqual([401, 'UNAUTHORIZED']);
    expect(await get(bySecret, await published())).toEqual([401, 'UNAUTHORIZED']);
    const keys = await TestKeys.open();
    const key = await keys.create(TENANT);
    await keys.close();
    expect(await get(bySecret, key.secret)).toEqual([401, 'UNAUTHORIZED']);
    expect((await ask(bySecret.url, 'POST', '/session', { json: { key: key.secret } })).status).toBe(400);
  });

  it('403 for another tenant, and for a missing or unknown scope', async () => {
    expect(await get(bySecret, await token(), '/runs', { 'x-tenant-id': 'other' })).toEqual([
      403,
      'FORBIDDEN',
    ]);
    for (const scope of ['', 'runs:write', 'runs:reader', 'RUNS:READ', '*', 'runs:read,runs:write'])
      expect([scope, await get(bySecret, await token({ claims: { scope } }))]).toEqual([
        scope,
        [403, 'FORBIDDEN'],
      ]);
    for (const scope of [{ 'runs:read': true }, 7, null, [['runs:read']]])
      expect(await get(bySecret, await token({ claims: { scope } }))).toEqual([403, 'FORBIDDEN']);
    expect(await get(bySecret, await token({ without: ['scope'] }))).toEqual([403, 'FORBIDDEN']);
  });

  it('J21 takes an expiry with a fraction, and gives a ticket until then', async () => {
    const headers = bearer(await token({ claims: { exp: now() + 100.0001234 } }));
    const { status, json } = await ask(bySecret.url, 'POST', '/events/stream-tickets', { headers, json: {} });
    expect([status, json?.['expires_at']]).toEqual([201, expect.stringMatching(/^2.*Z$/)]);
    expect(await get(bySecret, '', String(json?.['url']), {})).toEqual([200, undefined]);
  });

  it('T58 J21 a stream lives as long as the token that opened it is taken, and so does one of its tickets', async () => {
    const exp = now() - 2;
    const goodUntil = (exp + TOLERANCE_SECONDS) * 1000;
    const jwt = await token({ claims: { exp } });
    const ticket = await ask(bySecret.url, 'POST', '/events/stream-tickets', {
      headers: bearer(jwt),
      json: {},
    });
    expect(Date.parse(String(ticket.json?.['expires_at']))).toBe(goodUntil);
    const opened = await Promise.all([
      OpenStream.open(`${bySecret.url}/events/stream`, bearer(jwt)),
      OpenStream.open(bySecret.url + String(ticket.json?.['url'])),
    ]);
    for (const ended of await Promise.all(opened.map((stream) => stream.ended))) {
      expect(ended).toBeGreaterThanOrEqual(goodUntil);
      expect(ended - goodUntil).toBeLessThan(5000);
    }
    expect(await get(bySecret, jwt, '/events/stream')).toEqual([401, 'UNAUTHORIZED']);
  });
});

describe('AUTH_MODE=jwt with a key set', () => {
  it('takes a token that a published key has signed', async () => {
    expect(await get(byKeySet, await published())).toEqual([200, undefined]);
  });

  it.each(Object.entries(bad(published)))('refuses a token %s', async (_, make) => {
    expect(await get(byKeySet, await make())).toEqual([401, 'UNAUTHORIZED']);
  });

  it('refuses HS256 with the public key as its secret', async () => {
    const pem = new TextEncoder().encode(await exportSPKI(rsa.publicKey));
    const modulus = new TextEncoder().encode((await exportJWK(rsa.publicKey)).n);
    for (const key of [pem, modulus])
      expect(await get(byKeySet, await published({ algorithm: 'HS256', key }))).toEqual([
        401,
        'UNAUTHORIZED',
      ]);
  });

  it('refuses a key that is not published, by whatever name, and one that the token brings along', async () => {
    const key = strange.privateKey;
    expect(await get(byKeySet, await published({ key }))).toEqual([401, 'UNAUTHORIZED']);
    expect(await get(byKeySet, await published({ key, kid: 'two' }))).toEqual([401, 'UNAUTHORIZED']);
    const jwk = await exportJWK(strange.publicKey);
    const own = await new SignJWT({
      iss: ISSUER,
      aud: AUDIENCE,
      tenant_id: TENANT,
      scope: ALL,
      exp: now() + 60,
    })
      .setProtectedHeader({ alg: 'RS256', jwk, jku: 'http://127.0.0.1:1/', kid: '../../etc/passwd' })
      .sign(key);
    expect(await get(byKeySet, own)).toEqual([401, 'UNAUTHORIZED']);
  });

  it('503, and no 401, while the issuer’s keys can’t be had', async () => {
    await withIssuer('fail', async (fresh) => {
      expect(await get(fresh, await published())).toEqual([503, 'OVERLOADED']);
      issuerDoes = 'answer';
      await eventually(
        'the keys are there',
        async () => (await get(fresh, await published()))[0] === 200,
        15_000,
      );
    });
  }, 60_000);

  it.each(['fail', 'hang', 'nonsense'] as const)(
    'J20 50 tokens are one question to an issuer that does %s, at the start',
    async (what) => {
      await withIssuer(what, async (fresh) => {
        const before = fetches;
        const answers = await Promise.all(
          Array.from({ length: 50 }, async (_, i) => get(fresh, await published({ kid: `kid-${i}` }))),
        );
        for (const answer of answers) expect(answer).toEqual([503, 'OVERLOADED']);
        expect(await get(fresh, await published())).toEqual([503, 'OVERLOADED']);
        expect(fetches - before).toBe(1);
      });
    },
    60_000,
  );
});

/** A service that has asked the issuer for nothing yet. */
async function withIssuer(does: typeof issuerDoes, work: (service: Serving) => Promise<void>) {
  const { port } = issuer.address() as AddressInfo;
  issuerDoes = does;
  const service = await serveHere({ ...ENVIRONMENT, JWT_JWKS_URL: `http://127.0.0.1:${port}/jwks.json` });
  try {
    await work(service);
  } finally {
    issuerDoes = 'answer';
    issuer.closeAllConnections();
    await service.stop();
  }
}

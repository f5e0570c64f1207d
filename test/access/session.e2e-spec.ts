import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Serving, serveHere } from '../support/service.js';
import { ask } from './ask.js';
import { type TestKey, TestKeys } from './keys.js';

let service: Serving;
let keys: TestKeys;
let key: TestKey;

beforeAll(async () => {
  [service, keys] = await Promise.all([serveHere({ AUTH_MODE: 'api-key' }), TestKeys.open()]);
  key = await keys.create('default');
});
afterAll(async () => {
  await Promise.all([service.stop(), keys.close()]);
});

async function signIn(headers: Record<string, string> = {}): Promise<string> {
  const answer = await ask(service.url, 'POST', '/session', { headers, json: { key: key.secret } });
  expect(answer.status).toBe(204);
  return String(answer.headers['set-cookie']?.[0]);
}

const nameAndValue = (cookie: string) => cookie.split(';')[0]!;
const attributes = (cookie: string) => cookie.toLowerCase().split('; ').slice(1);

describe('the page signs in', () => {
  it('with a cookie that no script can read and no other site can send', async () => {
    const cookie = await signIn();
    expect(nameAndValue(cookie)).toMatch(/^runstream_session=[A-Za-z0-9_-]{43}$/);
    expect(attributes(cookie)).toEqual(expect.arrayContaining(['httponly', 'samesite=strict', 'path=/']));
    expect(attributes(cookie)).toContain('max-age=43200');
    expect(attributes(cookie).filter((one) => one.startsWith('domain'))).toEqual([]);
    expect(cookie).not.toContain(key.secret);
  });

  it('Secure behind https, and not without, where a browser would drop it', async () => {
    expect(attributes(await signIn())).not.toContain('secure');
    expect(attributes(await signIn({ 'x-forwarded-proto': 'https' }))).toContain('secure');
    expect(attributes(await signIn({ 'x-forwarded-proto': 'https, http' }))).toContain('secure');
  });

  it('J22 whose name no other host can use where it is https', async () => {
    const https = { 'x-forwarded-proto': 'https' };
    const cookie = nameAndValue(await signIn(https));
    expect(cookie).toMatch(/^__Host-runstream_session=[A-Za-z0-9_-]{43}$/);
    expect(attributes(await signIn(https))).toEqual(expect.arrayContaining(['secure', 'path=/']));
    const plain = cookie.replace('__Host-', '');
    const status = async (headers: Record<string, string>) =>
      (await ask(service.url, 'GET', '/runs', { headers })).status;
    expect(await status({ ...https, cookie })).toBe(200);
    expect(await status({ ...https, cookie: plain })).toBe(401);
    expect(await status({ cookie })).toBe(401);
    expect(await status({ ...https, cookie: `${cookie}; runstream_session=${'A'.repeat(43)}` })).toBe(200);
    const out = await ask(service.url, 'DELETE', '/session', { headers: { ...https, cookie } });
    expect(out.headers['set-cookie']?.[0]).toMatch(/^__Host-runstream_session=;.*Secure/);
    expect(await status({ ...https, cookie })).toBe(401);
  });

  it('J22 and of two cookies of its name trusts neither', async () => {
    const [mine, theirs] = [nameAndValue(await signIn()), nameAndValue(await signIn())];
    for (const cookie of [
      `${mine}; ${theirs}`,
      `${theirs}; ${mine}`,
      `${mine};${mine}`,
      `${mine}; runstream_session=x`,
      `runstream_session=; ${mine}`,
      `${mine}; theme=dark; ${theirs}`,
    ])
      expect([cookie, (await ask(service.url, 'GET', '/runs', { headers: { cookie } })).status]).toEqual([
        cookie,
        401,
      ]);
    expect((await ask(service.url, 'GET', '/runs', { headers: { cookie: mine } })).status).toBe(200);
    const headers = { cookie: `${mine}; ${theirs}` };
    expect((await ask(service.url, 'DELETE', '/session', { headers })).status).toBe(204);
    for (const cookie of [mine, theirs])
      expect((await ask(service.url, 'GET', '/runs', { headers: { cookie } })).status).toBe(401);
  });

  it('which serves for reading, and from its own page for writing', async () => {
    const headers = { cookie: `theme=dark; ${nameAndValue(await signIn())}; other=1` };
    expect((await ask(service.url, 'GET', '/runs', { headers })).status).toBe(200);
    const own = { ...headers, origin: service.url };
    expect((await ask(service.url, 'POST', '/runs', { headers: own, json: { task: 't' } })).status).toBe(201);
    const two = await keys.create('default', ['runs:read']);
    expect((await ask(service.url, 'GET', '/keys', { headers: { ...headers, ...two.headers } })).status).toBe(
      403,
    );
  });

  it('until it signs out', async () => {
    const headers = { cookie: nameAndValue(await signIn()) };
    const out = await ask(service.url, 'DELETE', '/session', { headers });
    expect([out.status, out.headers['set-cookie']?.[0]]).toEqual([
      204,
      expect.stringMatching(/Expires=Thu, 01 Jan 1970/),
    ]);
    expect((await ask(service.url, 'GET', '/runs', { headers })).status).toBe(401);
    expect((await ask(service.url, 'DELETE', '/session', { headers })).status).toBe(204);
    expect((await ask(service.url, 'DELETE', '/session')).status).toBe(204);
  });

  it('never with a bad, expired or revoked key', async () => {
    const expired = await keys.create('default', ['runs:read'], { expiresAt: Date.now() - 1 });
    const revoked = await keys.create('default');
    await keys.revoke('default', revoked.id);
    for (const bad of ['x', expired.secret, revoked.secret, `${key.secret}x`, ` ${key.secret}`]) {
      const answer = await ask(service.url, 'POST', '/session', { json: { key: bad } });
      expect([answer.status, answer.headers['set-cookie']]).toEqual([401, undefined]);
    }
    for (const json of [{}, { key: '' }, { key: 1 }, { key: [key.secret] }, { key: key.secret, more: 1 }])
      expect((await ask(service.url, 'POST', '/session', { json })).status).toBe(400);
  });
});

describe('cross-site requests', () => {
  it('with the cookie change nothing', async () => {
    const cookie = nameAndValue(await signIn());
    const { json } = await ask(service.url, 'POST', '/runs', {
      headers: key.headers,
      json: { task: 'mine' },
    });
    const run = `/runs/${String(json?.['id'])}`;
    const { port } = new URL(service.url);
    const origins = [
      ...[
        'https://evil.example',
        'null',
        '',
        `http://127.0.0.1:${Number(port) + 1}`,
        `http://localhost:${port}`,
        service.url.replace('http:', 'https:'),
        `${service.url}/`,
      ],
      ...[`http://127.0.0.1:${port}.evil.example`, `http://evil.example/127.0.0.1:${port}`, 'not an origin'],
    ];
    const attempts = [
      ...['POST /runs', `POST ${run}/cancel`, `POST ${run}/events`, `DELETE ${run}`, 'POST /keys'],
      `POST ${run}/stream-tickets`,
    ];
    for (const attempt of attempts) {
      const [method = '', path = ''] = attempt.split(' ');
      for (const origin of [undefined, ...origins]) {
        const headers = { cookie, ...(origin !== undefined && { origin }) };
        const { status } = await ask(service.url, method, path, { headers, json: { task: 'theirs' } });
        expect([attempt, origin, status]).toEqual([attempt, origin, 401]);
      }
    }
    expect((await ask(service.url, 'GET', run, { headers: key.headers })).json).toMatchObject({
      status: 'running',
      sequence: 1,
    });
  });

  it('J22 with the cookie change nothing over https from a page over http, nor the other way round', async () => {
    const https = { 'x-forwarded-proto': 'https' };
    const cookie = nameAndValue(await signIn(https));
    const status = async (origin: string) =>
      (
        await ask(service.url, 'POST', '/runs', {
          headers: { ...https, cookie, origin },
          json: { task: 't' },
        })
      ).status;
    expect(await status(service.url.replace('http:', 'https:'))).toBe(201);
    expect(await status(service.url)).toBe(401);
  });

  it('J22 sign nobody in, nor out', async () => {
    const cookie = nameAndValue(await signIn());
    for (const foreign of [
      { origin: 'https://evil.example' },
      { origin: service.url.replace('http:', 'https:') },
      { origin: 'http://localhost:5173' },
      { origin: 'null' },
      { 'sec-fetch-site': 'same-site' },
    ] as Record<string, string>[]) {
      const opened = await ask(service.url, 'POST', '/session', {
        headers: foreign,
        json: { key: key.secret },
      });
      const closed = await ask(service.url, 'DELETE', '/session', { headers: { ...foreign, cookie } });
      for (const { status, headers } of [opened, closed])
        expect([foreign, status, headers['set-cookie']]).toEqual([foreign, 403, undefined]);
    }
    expect((await ask(service.url, 'GET', '/runs', { headers: { cookie } })).status).toBe(200);
    await signIn({ origin: service.url, 'sec-fetch-site': 'same-origin' });
  });

  it('with the cookie read nothing, and no answer says that a site may send cookies', async () => {
    const cookie = nameAndValue(await signIn());
    for (const origin of ['https://evil.example', 'http://localhost:5173']) {
      const headers = { cookie, origin };
      for (const path of ['/runs', '/events/stream', '/keys']) {
        const site = { cookie, 'sec-fetch-site': 'same-site' };
        expect((await ask(service.url, 'GET', path, { headers: site })).status).toBe(401);
        const answer = await ask(service.url, 'GET', path, { headers });
        expect([path, answer.status]).toEqual([path, 401]);
        expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
      }
    }
  });
});

describe('CORS', () => {
  it('lets listed origins in, and no others', async () => {
    const listed = await serveHere({ CORS_ORIGINS: 'https://app.example.com', AUTH_MODE: 'api-key' });
    try {
      const allowed = async (origin: string) =>
        (await ask(listed.url, 'GET', '/runs', { headers: { ...key.headers, origin } })).headers[
          'access-control-allow-origin'
        ];
      expect(await allowed('https://app.example.com')).toBe('https://app.example.com');
      for (const origin of [
        'https://evil.example',
        'https://app.example.com.evil.example',
        'http://app.example.com',
        'http://localhost:1',
        'null',
      ])
        expect([origin, await allowed(origin)]).toEqual([origin, undefined]);
    } finally {
      await listed.stop();
    }
  });
});

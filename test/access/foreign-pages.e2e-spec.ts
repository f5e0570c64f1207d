import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { rawRequest } from '../integration/edge/raw-request.js';
import { type Serving, serveHere } from '../support/service.js';
import { ask } from './ask.js';

/** What docker-compose.yml gives the service, and the image that it builds. */
const IN_COMPOSE = { HOST: '0.0.0.0', ALLOW_UNAUTHENTICATED: 'true' };

const FOREIGN: readonly Record<string, string>[] = [
  { origin: 'http://evil.example' },
  { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
  { origin: 'null' },
  { origin: '' },
  { origin: 'not an origin' },
  { origin: 'http://localhost.evil.example' },
  { origin: 'http://127.0.0.1.evil.example' },
  { origin: 'http://localhost:3000/evil' },
  { origin: 'chrome-extension://abcdefghijklmnop' },
  { origin: 'http://evil.example, http://localhost' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': 'anything else' },
  { origin: 'http://evil.example', 'sec-fetch-site': 'same-origin' },
];

let service: Serving;
let port: string;

beforeAll(async () => {
  service = await serveHere();
  port = new URL(service.url).port;
}, 60_000);
afterAll(() => service.stop());

async function newRun(url = service.url): Promise<string> {
  const { json } = await ask(url, 'POST', '/runs', { json: { task: 'mine' } });
  return `/runs/${String(json?.['id'])}`;
}

async function within(env: NodeJS.ProcessEnv, work: (service: Serving) => Promise<void>): Promise<void> {
  const other = await serveHere(env);
  try {
    await work(other);
  } finally {
    await other.stop();
  }
}

async function statusAs(of: Serving, host: string, lines = 'GET /runs HTTP/1.1', more = ''): Promise<number> {
  const request = `${lines}\r\n${host}${more}Connection: close\r\n\r\n`;
  return (await rawRequest(Number(new URL(of.url).port), request)).status;
}

describe('J13 without credentials, a page of somebody else', () => {
  it('changes nothing, on any route, public ones too', async () => {
    const run = await newRun();
    const attempts = [
      ...['POST /runs', `POST ${run}/cancel`, `POST ${run}/events`, `DELETE ${run}`],
      ...['POST /events/stream-tickets', `POST ${run}/stream-tickets`, 'DELETE /dead-letters?group=g'],
      ...['POST /consumers/g/pause', 'DELETE /consumers/g', 'POST /dead-letters/redrive'],
      ...['POST /health/live', 'DELETE /docs', 'POST /', 'PUT /metrics', 'PATCH /no/such/route'],
    ];
    for (const attempt of attempts) {
      const [method = '', path = ''] = attempt.split(' ');
      for (const headers of FOREIGN) {
        const { status, json } = await ask(service.url, method, path, { headers });
        expect([attempt, headers, status, json?.['code']]).toEqual([attempt, headers, 403, 'FORBIDDEN']);
        expect(json?.['message']).toMatch(/CORS_ORIGINS/);
      }
    }
    expect((await ask(service.url, 'GET', run)).json).toMatchObject({ status: 'running', sequence: 1 });
  }, 60_000);

  it('changes nothing by what a browser sends without asking first: forms, text/plain, beacons', async () => {
    const run = await newRun();
    for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain'])
      for (const path of ['/runs', `${run}/cancel`, `${run}/events`]) {
        const headers = { origin: 'http://evil.example', 'content-type': type };
        const { status } = await ask(service.url, 'POST', path, { headers, body: '{"task":"theirs"}' });
        expect([type, path, status]).toEqual([type, path, 403]);
      }
    expect((await ask(service.url, 'GET', run)).json).toMatchObject({ status: 'running', sequence: 1 });
  });

  it('is refused before its body is read', async () => {
    const lines =
      `POST /runs HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n` +
      'Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{';
    expect((await rawRequest(Number(port), lines)).status).toBe(403);
  });

  it('programs, the own page and pages of this machine go on working', async () => {
    for (const headers of [
      {},
      { origin: service.url, 'sec-fetch-site': 'same-origin' },
      { origin: 'http://localhost:5173', 'sec-fetch-site': 'cross-site' },
      { origin: 'http://127.0.0.1:5173', 'sec-fetch-site': 'same-site' },
      { origin: 'http://[::1]:5173' },
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': 'same-origin' },
    ] as Record<string, string>[]) {
      const { status } = await ask(service.url, 'POST', '/runs', { headers, json: { task: 't' } });
      expect([headers, status]).toEqual([headers, 201]);
    }
    for (const headers of FOREIGN)
      expect((await ask(service.url, 'GET', '/runs', { headers })).status).toBe(200);
  });

  it('is allowed by CORS_ORIGINS with scheme, host and port, and by nothing else', async () => {
    await within({ CORS_ORIGINS: 'https://app.example.com,http://localhost:5173' }, async ({ url }) => {
      const status = async (origin: string) =>
        (await ask(url, 'POST', '/runs', { headers: { origin }, json: { task: 't' } })).status;
      for (const origin of ['https://app.example.com', 'http://localhost:5173', url])
        expect([origin, await status(origin)]).toEqual([origin, 201]);
      for (const origin of [
        'http://app.example.com',
        'https://app.example.com:8443',
        'https://sub.app.example.com',
        'http://localhost:5174',
        'http://127.0.0.1:5173',
        url.replace('http:', 'https:'),
        url.replace('127.0.0.1', 'localhost'),
      ])
        expect([origin, await status(origin)]).toEqual([origin, 403]);
    });
    await within({ CORS_ORIGINS: '*' }, async ({ url }) => {
      const headers = { origin: 'https://anything.example' };
      expect((await ask(url, 'POST', '/runs', { headers, json: { task: 't' } })).status).toBe(201);
    });
  }, 60_000);
});

describe('J14 the name a request is sent to', () => {
  it('is one of this machine, as docker-compose.yml has it', async () => {
    const text = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8');
    expect(text).toMatch(/ALLOW_UNAUTHENTICATED: 'true'/);
    expect(text).not.toMatch(/^ +ALLOWED_HOSTS/m);
    await within(IN_COMPOSE, async (composed) => {
      const own = new URL(composed.url).port;
      for (const host of ['rebind.evil.example', `rebind.evil.example:${own}`, '10.1.2.3', 'localhost:x']) {
        expect([host, await statusAs(composed, `Host: ${host}\r\n`)]).toEqual([host, 403]);
        for (const write of ['POST /runs HTTP/1.1', 'POST /health/live HTTP/1.1'])
          expect([host, await statusAs(composed, `Host: ${host}\r\n`, write)]).toEqual([host, 403]);
      }
      for (const host of [`127.0.0.1:${own}`, `localhost:${own}`, `[::1]:${own}`, 'LocalHost', 'localhost.'])
        expect([host, await statusAs(composed, `Host: ${host}\r\n`)]).toEqual([host, 200]);
      const health = 'GET /health/ready HTTP/1.1';
      for (const host of [`127.0.0.1:${own}`, '10.1.2.3:3000'])
        expect([host, await statusAs(composed, `Host: ${host}\r\n`, health)]).toEqual([host, 200]);
    });
  }, 60_000);

  it('is refused when it is missing, or there twice', async () => {
    expect(await statusAs(service, '', 'GET /runs HTTP/1.0')).toBe(403);
    expect(await statusAs(service, '', 'GET /runs HTTP/1.1')).toBe(400);
    for (const [one, two] of [
      ['localhost', 'evil.example'],
      ['localhost', 'localhost'],
    ])
      expect([403, 400]).toContain(await statusAs(service, `Host: ${one}\r\nHost: ${two}\r\n`));
  });

  it('is one of ALLOWED_HOSTS besides, in any writing, or any with *', async () => {
    await within({ ALLOWED_HOSTS: 'Runs.example.com, 10.1.2.3,[fd00::1]' }, async (named) => {
      for (const host of [
        'runs.example.com',
        'RUNS.example.COM.:8080',
        '10.1.2.3:3000',
        '[fd00::1]:3000',
        '[FD00:0::1]',
        'localhost',
      ])
        expect([host, await statusAs(named, `Host: ${host}\r\n`)]).toEqual([host, 200]);
      for (const host of ['sub.runs.example.com', 'runs.example.com.evil.example', '10.1.2.4', '[fd00::2]'])
        expect([host, await statusAs(named, `Host: ${host}\r\n`)]).toEqual([host, 403]);
    });
    await within({ ALLOWED_HOSTS: '*' }, async (any) => {
      expect(await statusAs(any, 'Host: runs.example.com\r\n')).toBe(200);
    });
  }, 60_000);

  it('does not matter to a key, unless ALLOWED_HOSTS is set', async () => {
    await within({ AUTH_MODE: 'api-key' }, async (open) => {
      expect(await statusAs(open, 'Host: runs.example.com\r\n')).toBe(401);
    });
    await within({ AUTH_MODE: 'api-key', ALLOWED_HOSTS: 'runs.example.com' }, async (named) => {
      expect(await statusAs(named, 'Host: runs.example.com\r\n')).toBe(401);
      for (const lines of [
        'GET /runs HTTP/1.1',
        'POST /session HTTP/1.1',
        'GET /events/stream?ticket=x HTTP/1.1',
      ])
        expect([lines, await statusAs(named, 'Host: evil.example\r\n', lines)]).toEqual([lines, 403]);
    });
  }, 60_000);
});

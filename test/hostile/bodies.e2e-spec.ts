import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { TestKeys } from '../access/keys.js';
import { startApplication, type TestApplication } from '../support/application.js';
import { eventually } from '../support/eventually.js';
import { serveHere, type Serving } from '../support/service.js';
import { RawConnection, request } from './raw-connection.js';

/** An array of zeros, far larger than the bytes that it is sent in. */
const BOMB = gzipSync(`[${'0,'.repeat(4_000_000)}0]`);
const JSON_TYPE = { 'Content-Type': 'application/json' };

let service: Serving;
let keys: TestKeys;

beforeAll(async () => {
  [service, keys] = await Promise.all([
    serveHere({ AUTH_MODE: 'api-key', MAX_EVENT_LOOP_DELAY_MS: '0' }),
    TestKeys.open(),
  ]);
});
afterAll(async () => {
  await Promise.all([service.stop(), keys.close()]);
});

const post = async (path: string, headers: Record<string, string>, body: string | Buffer) => {
  const answer = await fetch(service.url + path, {
    method: 'POST',
    headers: { ...JSON_TYPE, ...headers },
    body,
  });
  return { status: answer.status, text: await answer.text() };
};

describe('A body is no larger than its route can need', () => {
  it('T103 a public route takes little, and nothing that is compressed', async () => {
    const bomb = await post('/session', { 'Content-Encoding': 'gzip' }, BOMB);
    expect([bomb.status, bomb.text.length < 1000]).toEqual([415, true]);
    const large = await post('/session', {}, JSON.stringify({ key: 'x'.repeat(21_000) }));
    expect([large.status, large.text.length < 1000]).toEqual([413, true]);
  });

  it('T103 a closed route takes what it can need', async () => {
    const { headers } = await keys.create('default');
    const run = JSON.stringify({ task: 'large', input: { text: 'x'.repeat(900_000) } });
    expect((await post('/runs', headers, run)).status).toBe(201);
    expect((await post('/runs', headers, JSON.stringify({ task: 'x'.repeat(4_000_000) }))).status).toBe(413);
    for (const path of ['/keys', '/events/stream-tickets', '/consumers/x/replay', '/dead-letters/redrive'])
      expect([path, (await post(path, headers, `{"name":"${'x'.repeat(100_000)}"}`)).status]).toEqual([
        path,
        413,
      ]);
  });
});

describe('No body is read', () => {
  it.each([
    ['where the route has no such method', 'POST /health/live', {}, 405],
    ['where there is no such route', 'POST /nowhere', {}, 401],
    ['before the credential', 'POST /runs', {}, 401],
    ['before the credential, which is wrong', 'POST /runs', { Authorization: 'Bearer x' }, 401],
    ['of a GET', 'GET /health/live', {}, 200],
  ])('T104 %s', async (_, line, headers, status) => {
    const connection = await RawConnection.open(service.url);
    // The body never comes: whoever waited for it would not answer.
    connection.send(request(line, { ...JSON_TYPE, ...headers, 'Content-Length': '5000000' }));
    await eventually('it is answered', () => connection.received.includes('\r\n\r\n'));
    expect(connection.received).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    connection.end();
  });

  it('T104 nor asked for: 100 Continue comes only once the credential is known', async () => {
    const { headers } = await keys.create('default');
    const expecting = { ...JSON_TYPE, Expect: '100-continue', 'Content-Length': '14' };
    const refused = await RawConnection.open(service.url);
    refused.send(request('POST /runs', expecting));
    await eventually('it is answered', () => refused.received.includes('\r\n\r\n'));
    expect(refused.received).toMatch(/^HTTP\/1.1 401 /);
    refused.end();
    const taken = await RawConnection.open(service.url);
    taken.send(request('POST /runs', { ...expecting, ...headers }));
    await eventually('it is asked for', () => taken.received.startsWith('HTTP/1.1 100 Continue\r\n\r\n'));
    taken.send('{"task":"late"}'.slice(0, 14));
    await eventually('it is answered', () => /HTTP\/1.1 400 /.test(taken.received));
    taken.end();
    const lines = await RawConnection.open(service.url);
    lines.send(
      request('POST /runs/r0_00000000000000000000000000/events', {
        ...headers,
        'Content-Type': 'application/x-ndjson',
        Expect: '100-continue',
        'Content-Length': '47',
      }),
    );
    await eventually('lines are asked for', () => lines.received.startsWith('HTTP/1.1 100 Continue\r\n\r\n'));
    lines.end();
  });
});

describe('Slow senders', () => {
  const SLOW = request('POST /session', { ...JSON_TYPE, 'Content-Length': '1000' }, '{');
  let application: TestApplication;
  const start = async (bodyGraceMs: number) => {
    application = await startApplication({ auth: { mode: 'api-key' } }, { edge: { bodyGraceMs } });
    return application.url;
  };
  afterEach(() => application.close());

  it('T105 fill no bound but their own', async () => {
    const url = await start(600_000);
    const slow = await Promise.all(Array.from({ length: 60 }, () => RawConnection.open(url)));
    for (const connection of slow) connection.send(SLOW);
    const { headers } = await keys.create('default', ['runs:read', 'consumers:admin']);
    const inUse = async () => {
      const text = await (await fetch(`${url}/metrics`, { headers })).text();
      return Number(/^runstream_in_use\{bound="public"\} (\d+)/m.exec(text)?.[1]);
    };
    const refused = () => slow.filter(({ received }) => received.startsWith('HTTP/1.1 503')).length;
    await eventually('they have their share', async () => (await inUse()) === 50 && refused() === 10);
    expect((await fetch(`${url}/runs?limit=1`, { headers })).status).toBe(200);
    for (const connection of slow) connection.end();
    await eventually('all is given back', async () => (await inUse()) === 0);
  });

  it('T105 are cut', async () => {
    const slow = await RawConnection.open(await start(300));
    slow.send(SLOW);
    await slow.closed;
    expect(slow.received).toBe('');
  });
});

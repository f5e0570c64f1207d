import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestKey, TestKeys } from '../access/keys.js';
import { eventually } from '../support/eventually.js';
import { serveHere, type Serving, startService } from '../support/service.js';
import { RawConnection, request } from './raw-connection.js';

const ENV = { AUTH_MODE: 'api-key', MAX_WAITS: '20', MAX_EVENT_LOOP_DELAY_MS: '0' };

let service: Serving;
let keys: TestKeys;
let greedy: TestKey;
let other: TestKey;

beforeAll(async () => {
  [service, keys] = await Promise.all([serveHere(ENV), TestKeys.open()]);
  [greedy, other] = await Promise.all([keys.create('default'), keys.create('default')]);
});
afterAll(async () => {
  await Promise.all([service.stop(), keys.close()]);
});

const createRun = async (url = service.url): Promise<string> => {
  const answer = await fetch(`${url}/runs`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...other.headers },
    body: '{"task":"waits"}',
  });
  return ((await answer.json()) as { id: string }).id;
};
const waits = async (url = service.url) => {
  const text = await (await fetch(`${url}/metrics`, { headers: other.headers })).text();
  return Number(/^runstream_in_use\{bound="waits"\} (\d+)/m.exec(text)?.[1]);
};

describe('Waiting for the end of a run', () => {
  it('T106 has a bound of its own, of which one credential has a share', async () => {
    const run = await createRun();
    const open = await Promise.all(Array.from({ length: 40 }, () => RawConnection.open(service.url)));
    for (const connection of open)
      connection.send(request(`GET /runs/${run}?wait_seconds=60`, greedy.headers));
    await eventually('half of the places are taken, and the rest refused', async () => {
      const refused = open.filter(({ received }) => received.startsWith('HTTP/1.1 503')).length;
      return refused === 30 && (await waits()) === 10;
    });
    // Others wait, and are served.
    const theirs = await RawConnection.open(service.url);
    theirs.send(request(`GET /runs/${run}?wait_seconds=60`, other.headers));
    await eventually('they wait', async () => (await waits()) === 11);
    expect((await fetch(`${service.url}/runs/${run}`, { headers: other.headers })).status).toBe(200);
    const cancelled = await fetch(`${service.url}/runs/${run}/cancel`, {
      method: 'POST',
      headers: other.headers,
    });
    expect(cancelled.status).toBe(200);
    await eventually('their wait is answered', () => /"status":"cancelled"/.test(theirs.received));
    for (const connection of [...open, theirs]) connection.end();
    await eventually('all places are given back', async () => (await waits()) === 0);
  });

  it('T107 ends with its credential', async () => {
    const run = await createRun();
    const { id, headers } = await keys.create('default');
    const waiting = fetch(`${service.url}/runs/${run}?wait_seconds=60`, { headers });
    await eventually('it waits', async () => (await waits()) === 1);
    await keys.revoke('default', id);
    const answer = await waiting;
    expect([answer.status, await answer.json()]).toEqual([
      401,
      expect.objectContaining({ code: 'UNAUTHORIZED' }),
    ]);
    expect(await waits()).toBe(0);
  });
});

describe('At a shutdown', () => {
  it('T108 waits and uploads are answered, and the process ends within its time', async () => {
    const stopping = await startService({ ...ENV, SHUTDOWN_TIMEOUT_MS: '9000' });
    const run = await createRun(stopping.url);
    const wait = fetch(`${stopping.url}/runs/${run}?wait_seconds=60`, { headers: other.headers });
    const upload = await RawConnection.open(stopping.url);
    const line = '{"event":{"category":"llm","action":"stream"}}\n';
    upload.send(
      request(`POST /runs/${run}/events`, {
        ...other.headers,
        'Content-Type': 'application/x-ndjson',
        'Transfer-Encoding': 'chunked',
      }),
      `${line.length.toString(16)}\r\n${line}\r\n`,
    );
    await eventually('the line is stored', async () => {
      const answer = await fetch(`${stopping.url}/runs/${run}`, { headers: other.headers });
      return ((await answer.json()) as { sequence: number }).sequence === 2;
    });
    await eventually('the other waits', async () => (await waits(stopping.url)) === 1);
    const from = performance.now();
    const exit = stopping.stop();
    const answer = await wait;
    expect([answer.status, answer.headers.get('Retry-After'), await answer.json()]).toEqual([
      503,
      expect.stringMatching(/^\d+$/),
      expect.objectContaining({ code: 'OVERLOADED', message: expect.stringContaining('shutting down') }),
    ]);
    await eventually('the upload is answered', () => upload.received.includes('"line"'));
    expect(upload.received).toMatch(/^HTTP\/1.1 503 /);
    expect(upload.received).toMatch(/"line":2,"count":1/);
    expect(await exit).toBe(0);
    expect(performance.now() - from).toBeLessThan(9000);
    upload.end();
  });
});

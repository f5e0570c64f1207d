import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { send } from '../conformance/http.js';
import { eventually } from '../support/eventually.js';
import { report } from '../support/report-line.js';
import { type Serving, serveHere } from '../support/service.js';
import { ask } from './ask.js';
import { type TestKey, TestKeys } from './keys.js';
import { OpenStream } from './streams.js';

const TENANT = 'revocation';
const LIMIT_MS = 5000;
const TTL_SECONDS = 4;
const EVENT = { event: { category: 'log', action: 'stdout' }, source: { agent_id: 'a1' }, data: {} };

let instances: Serving[];
let shortLived: Serving;
let keys: TestKeys;
let streams: OpenStream[] = [];

beforeAll(async () => {
  const env = { AUTH_MODE: 'api-key', MULTI_TENANCY_ENABLED: 'true' };
  const ttl = { STREAM_TICKET_TTL_SECONDS: String(TTL_SECONDS), SESSION_TTL_SECONDS: String(TTL_SECONDS) };
  let first: Serving, second: Serving;
  [first, second, shortLived, keys] = await Promise.all([
    serveHere(env),
    serveHere(env),
    serveHere({ ...env, ...ttl }),
    TestKeys.open(),
  ]);
  instances = [first, second];
});
afterEach(() => {
  for (const stream of streams) stream.cut();
  streams = [];
});
afterAll(async () => {
  await Promise.all([...instances, shortLived].map((service) => service.stop()));
  await keys.close();
});

const urlOf = (i: number) => instances[i % instances.length]!.url;

async function open(url: string, headers?: Readonly<Record<string, string>>): Promise<OpenStream> {
  const stream = await OpenStream.open(url, headers);
  streams.push(stream);
  return stream;
}

async function createRun(url: string, headers: TestKey['headers']): Promise<string> {
  const { json } = await ask(url, 'POST', '/runs', { headers, json: { task: 'revocation' } });
  return String(json?.['id']);
}

async function ticketUrl(
  url: string,
  headers: Readonly<Record<string, string>>,
  runId?: string,
): Promise<string> {
  const path = runId === undefined ? '/events/stream-tickets' : `/runs/${runId}/stream-tickets`;
  const { status, json } = await ask(url, 'POST', path, { headers, json: {} });
  expect(status).toBe(201);
  return String(json?.['url']);
}

async function signIn(url: string, key: TestKey): Promise<Record<string, string>> {
  const { status, headers } = await ask(url, 'POST', '/session', { json: { key: key.secret } });
  expect(status).toBe(204);
  return { cookie: String(headers['set-cookie']?.[0]).split(';')[0]! };
}

/** One stream of each kind that there is, on some instance: by key, by both kinds of tickets, by cookie. */
async function openAll(
  url: string,
  key: TestKey,
  runId: string,
  cookie: Record<string, string>,
): Promise<OpenStream[]> {
  return Promise.all([
    open(`${url}/runs/${runId}/events/stream`, key.headers),
    open(`${url}/events/stream`, key.headers),
    ticketUrl(url, key.headers, runId).then((path) => open(url + path)),
    ticketUrl(url, key.headers).then((path) => open(url + path)),
    open(`${url}/runs/${runId}/events/stream`, cookie),
  ]);
}

describe('T58 a stream ends with its credential', () => {
  it('100 streams on two instances, when the key is revoked', async () => {
    const [key, other] = await Promise.all([keys.create(TENANT), keys.create(TENANT)]);
    const runId = await createRun(urlOf(0), key.headers);
    const cookie = await signIn(urlOf(0), key);
    const batches = [];
    for (let i = 0; i < 20; i++) batches.push(await openAll(urlOf(i), key, runId, cookie));
    const ofKey = batches.flat();
    const ofOther = await openAll(urlOf(0), other, runId, await signIn(urlOf(1), other));
    expect(ofKey.filter(({ isOpen }) => isOpen)).toHaveLength(100);

    const revokedAt = Date.now();
    const path = `/keys/${key.id}`;
    expect((await ask(urlOf(0), 'DELETE', path, { headers: other.headers })).status).toBe(204);
    const took = (await Promise.all(ofKey.map(({ ended }) => ended)))
      .map((at) => at - revokedAt)
      .sort((a, b) => a - b);
    report(`100 streams on two instances ended ${took[0]} to ${took.at(-1)} ms after the key was revoked`);
    expect(took.at(-1)).toBeLessThan(LIMIT_MS);
    expect(ofKey.every(({ isComplete }) => isComplete)).toBe(true);
    expect(ofOther.every(({ isOpen }) => isOpen)).toBe(true);
    for (const [i, headers] of [key.headers, cookie, key.headers, cookie].entries()) {
      const stream = `/runs/${runId}/events/stream`;
      expect((await ask(urlOf(i), 'GET', stream, { headers })).status).toBe(401);
    }
  });

  it('of a ticket, on either instance, when its key is revoked; and the ticket opens nothing any more', async () => {
    const key = await keys.create(TENANT);
    const runId = await createRun(urlOf(0), key.headers);
    const path = await ticketUrl(urlOf(0), key.headers, runId);
    const opened = await Promise.all([open(urlOf(0) + path), open(urlOf(1) + path)]);
    await keys.revoke(TENANT, key.id);
    const revokedAt = Date.now();
    const last = Math.max(...(await Promise.all(opened.map(({ ended }) => ended))));
    expect(last - revokedAt).toBeLessThan(LIMIT_MS);
    expect((await ask(urlOf(1), 'GET', path)).status).toBe(401);
  });

  it('when the page signs out, and the key stays good', async () => {
    const key = await keys.create(TENANT);
    const runId = await createRun(urlOf(0), key.headers);
    const cookie = await signIn(urlOf(0), key);
    const another = await signIn(urlOf(1), key);
    const path = await ticketUrl(urlOf(1), { ...cookie, origin: urlOf(1) }, runId);
    const opened = await Promise.all([
      open(`${urlOf(0)}/events/stream`, cookie),
      open(`${urlOf(1)}/runs/${runId}/events/stream`, cookie),
      open(urlOf(1) + path),
    ]);
    const stay = [
      await open(`${urlOf(0)}/runs/${runId}/events/stream`, key.headers),
      await open(`${urlOf(0)}/runs/${runId}/events/stream`, another),
    ];
    expect((await ask(urlOf(0), 'DELETE', '/session', { headers: cookie })).status).toBe(204);
    const signedOutAt = Date.now();
    const last = Math.max(...(await Promise.all(opened.map(({ ended }) => ended))));
    report(`streams of a page ended ${last - signedOutAt} ms after it had signed out`);
    expect(last - signedOutAt).toBeLessThan(LIMIT_MS);
    expect(stay.every(({ isOpen }) => isOpen)).toBe(true);
    expect((await ask(urlOf(1), 'GET', '/runs', { headers: cookie })).status).toBe(401);
    expect((await ask(urlOf(1), 'GET', path)).status).toBe(401);
  });

  it('when the key, the ticket or the session expires', async () => {
    const { url } = shortLived;
    const lasting = await keys.create(TENANT);
    const runId = await createRun(url, lasting.headers);
    const expiresAt = Date.now() + TTL_SECONDS * 1000;
    const key = await keys.create(TENANT, ['runs:read'], { expiresAt });
    const opened = [
      ...(await openAll(url, key, runId, await signIn(url, key))),
      await open(url + (await ticketUrl(url, lasting.headers, runId))),
      await open(`${url}/events/stream`, await signIn(url, lasting)),
    ];
    const late = (await Promise.all(opened.map(({ ended }) => ended))).map((at) => at - expiresAt);
    report(`streams ended ${Math.min(...late)} to ${Math.max(...late)} ms after the expiry of the key`);
    expect(Math.min(...late)).toBeGreaterThan(-100);
    expect(Math.max(...late)).toBeLessThan(LIMIT_MS);
    expect((await ask(url, 'GET', '/runs', { headers: key.headers })).status).toBe(401);
    expect((await ask(url, 'GET', '/runs', { headers: lasting.headers })).status).toBe(200);
  });

  it('an upload too: nothing is stored after it, and the answer says how far it came', async () => {
    const key = await keys.create(TENANT);
    const reader = await keys.create(TENANT);
    const runId = await createRun(urlOf(0), key.headers);
    const { request, response } = send({
      method: 'POST',
      url: new URL(`${urlOf(1)}/runs/${runId}/events`),
      headers: { ...key.headers, 'content-type': 'application/x-ndjson' },
      signal: AbortSignal.timeout(15_000),
    });
    const line = `${JSON.stringify(EVENT)}\n`;
    request.write(line);
    await eventually('the first line is stored', async () => {
      const run = await ask(urlOf(0), 'GET', `/runs/${runId}`, { headers: reader.headers });
      return run.json?.['sequence'] === 2;
    });
    await keys.revoke(TENANT, key.id);
    const revokedAt = Date.now();
    const writing = setInterval(() => request.write(line), 50);
    const answer = await response.finally(() => {
      clearInterval(writing);
    });
    const took = Date.now() - revokedAt;
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(answer, 'end');
    request.destroy();
    report(`an upload was stopped ${took} ms after its key was revoked`);
    expect([answer.statusCode, took < LIMIT_MS]).toEqual([401, true]);
    const { details } = JSON.parse(Buffer.concat(chunks).toString()) as {
      details: { count: number; last_id: string };
    };
    const run = await ask(urlOf(0), 'GET', `/runs/${runId}`, { headers: reader.headers });
    expect(run.json?.['sequence']).toBe(1 + details.count);
    expect(details.last_id).toMatch(new RegExp(`-${1 + details.count}$`));
  });
});

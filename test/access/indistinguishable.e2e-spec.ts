import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Agent, request as start } from 'node:http';
import { eventually } from '../support/eventually.js';
import { report } from '../support/report-line.js';
import { SeededRandom } from '../support/seeded-random.js';
import { type Service, startService } from '../support/service.js';
import { isSweep } from '../support/sweep.js';
import { ask } from './ask.js';
import { type TestKey, TestKeys } from './keys.js';
import { compare, detectable, median } from './rank-sum.js';

const TRIES = isSweep ? 2000 : 60;
/** Not counted: what is compiled and opened at first. */
const WARM_UP = isSweep ? 100 : 20;
const POOL = 50;
/** Alike samples differ by more than so many standard deviations once in 16 000 times. */
const BOUND = 4;
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const seeded = new SeededRandom(57);
const random = () => seeded.next();

let service: Service;
let keys: TestKeys;
let owner: TestKey;
let stranger: TestKey;
const theirs: string[] = [];
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

beforeAll(async () => {
  const env = { AUTH_MODE: 'api-key', MULTI_TENANCY_ENABLED: 'true', EVENT_TTL_SECONDS: '1' };
  [service, keys] = await Promise.all([startService(env), TestKeys.open()]);
  [owner, stranger] = await Promise.all([keys.create('t57-owner'), keys.create('t57-stranger')]);
  for (let i = 0; i < POOL; i++) theirs.push(await createRun());
});
afterAll(async () => {
  agent.destroy();
  await Promise.all([service.stop(), keys.close()]);
});

async function createRun(): Promise<string> {
  const { json } = await ask(service.url, 'POST', '/runs', { headers: owner.headers, json: { task: 't57' } });
  return String(json?.['id']);
}

const madeUpId = () =>
  `r0_01${Array.from({ length: 24 }, () => ALPHABET[Math.floor(random() * ALPHABET.length)]).join('')}`;

/** One request on the one connection that is kept; the time until the answer is there, in microseconds. */
function timed(method: string, path: string): Promise<{ microseconds: number; said: string }> {
  return new Promise((resolve, reject) => {
    const body = method === 'POST' ? '{}' : undefined;
    const headers = {
      ...stranger.headers,
      ...(body && { 'content-type': 'application/json', 'content-length': '2' }),
    };
    const began = process.hrtime.bigint();
    const request = start(service.url + path, { agent, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('end', () => {
        const microseconds = Number(process.hrtime.bigint() - began) / 1000;
        const { 'x-request-id': requestId = '', date: _, ...rest } = response.headers;
        const said = JSON.stringify([response.statusCode, rest, text.replace(String(requestId), '')]);
        resolve({ microseconds, said });
      });
    });
    request.once('error', reject);
    request.end(body);
  });
}

/** Asks for each kind of id in turns, in random order, so that what slows one down slows down all. */
async function measure(
  method: string,
  pathOf: (id: string) => string,
  kinds: readonly (readonly string[])[],
) {
  const times = kinds.map((): number[] => []);
  const said = new Set<string>();
  for (let i = -WARM_UP; i < TRIES; i++) {
    for (const kind of kinds.map((_, index) => index).sort(() => random() - 0.5)) {
      const answer = await timed(method, pathOf(kinds[kind]![Math.abs(i) % POOL]!));
      said.add(answer.said);
      if (i >= 0) times[kind]!.push(answer.microseconds);
    }
  }
  return { times, said };
}

describe('T57 a run of another tenant is like one that does not exist', () => {
  it.each([
    ['GET', (id: string) => `/runs/${id}`],
    ['GET', (id: string) => `/runs/${id}/events`],
    ['GET', (id: string) => `/runs/${id}/events/stream`],
    ['POST', (id: string) => `/runs/${id}/stream-tickets`],
  ])('%s %p: in status, headers, body, and over many tries in time', async (method, pathOf) => {
    const nobodys = () => Array.from({ length: POOL }, madeUpId);
    const { times, said } = await measure(method, pathOf, [theirs, nobodys(), nobodys()]);
    expect([...said]).toEqual([expect.stringMatching(/^\[404,.*RUN_NOT_FOUND/)]);

    const [ofTheirs = [], ofNobodys = [], ofOthers = []] = times;
    const difference = compare(ofTheirs, ofNobodys);
    const control = compare(ofOthers, ofNobodys);
    const medians = times.map((values) => median(values).toFixed(0)).join(', ');
    report(
      `${method} ${pathOf('{run_id}')}: medians ${medians} µs (another's, missing, missing again); ` +
        `z ${difference.z.toFixed(2)}, missing against missing ${control.z.toFixed(2)}; ` +
        `a difference of ${detectable(ofTheirs, ofNobodys, BOUND, 1000)} µs would have been seen`,
    );
    expect(Math.abs(difference.z)).toBeLessThan(BOUND);
  });

  it('whatever has become of it: ended, past its retention, deleted', async () => {
    const [ended, expired, deleted] = [await createRun(), await createRun(), await createRun()];
    const { headers } = owner;
    for (const id of [expired, ended])
      expect((await ask(service.url, 'POST', `/runs/${id}/cancel`, { headers })).status).toBe(200);
    expect((await ask(service.url, 'DELETE', `/runs/${deleted}`, { headers })).status).toBe(204);
    await eventually('its events are gone', async () => {
      return (await ask(service.url, 'GET', `/runs/${expired}/events`, { headers })).status === 410;
    });
    // Of each route by itself: those that give CloudEvents to who accepts them say so in `Vary`.
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/events'],
      ['GET', '/events/stream'],
      ['DELETE', ''],
      ['POST', '/cancel'],
    ] as const) {
      const said = new Set<string>();
      for (const id of [ended, expired, deleted, madeUpId()])
        said.add((await timed(method, `/runs/${id}${path}`)).said);
      expect([...said]).toEqual([expect.stringMatching(/^\[404,.*RUN_NOT_FOUND/)]);
    }
  });
});

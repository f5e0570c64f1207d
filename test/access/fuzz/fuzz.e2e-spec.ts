import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { type TestApplication, startApplication } from '../../support/application.js';
import { type RedisServer, startRedis } from '../../support/redis.js';
import { report } from '../../support/report-line.js';
import { seedFromEnvironment } from '../../support/seeded-random.js';
import { ask } from '../ask.js';
import { TestKeys } from '../keys.js';
import { jsonBodies, lineBodies } from './bodies.js';
import * as inputs from './inputs.js';
import { rawAsk } from './raw-ask.js';

/** `npm run fuzz` asks for more. */
const INPUTS = Number(process.env['FUZZ_INPUTS'] ?? 480);
const GROUPS = 8;
const AT_ONCE = 20;
const HANG_MS = 20_000;
const TENANT = 'fuzz-own';
const seed = seedFromEnvironment() | 0;

let redis: RedisServer;
let commands: Redis;
/** In this process, so that a polluted prototype is seen. */
let closed: TestApplication;
let open: TestApplication;
let keys: TestKeys;
let known: inputs.Known;
let slowestMs = 0;
let asked = 0;
const statuses = new Map<number, number>();

beforeAll(async () => {
  redis = await startRedis();
  commands = new Redis(redis.url);
  const tenancy = { enabled: true };
  closed = await startApplication({ redis: { url: redis.url }, tenancy, auth: { mode: 'api-key' } });
  open = await startApplication({ redis: { url: redis.url }, tenancy });
  keys = await TestKeys.open(redis.url);
  const { secret, headers } = await keys.create(TENANT);
  const run = await ask(closed.url, 'POST', '/runs', { headers, json: { task: 'fuzzed' } });
  const runId = String(run.json?.['id']);
  const history = await ask(closed.url, 'GET', `/runs/${runId}/events`, { headers });
  const ticket = await ask(closed.url, 'POST', `/runs/${runId}/stream-tickets`, { headers, json: {} });
  known = {
    runId,
    eventId: (history.json?.['events'] as { id: string }[])[0]!.id,
    credential: secret,
    ticket: String(ticket.json?.['ticket']),
  };
});
afterAll(async () => {
  const counts = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  report(
    `${asked} inputs (SEED=${seed}); the slowest took ${slowestMs.toFixed(0)} ms; answers ${counts.join(', ')}`,
  );
  await Promise.all([closed.close(), open.close(), keys.close()]);
  commands.disconnect();
  await redis.stop();
});

/** Sends inputs, some at once, and holds each answer to what is true of all. */
async function fuzz(
  input: fc.Arbitrary<inputs.Input>,
  allowed: (status: number) => boolean,
  application = closed,
): Promise<void> {
  const port = Number(new URL(application.url).port);
  const property = fc.asyncProperty(
    fc.array(input, { minLength: AT_ONCE, maxLength: AT_ONCE }),
    async (batch) => {
      const answers = await Promise.all(batch.map((one) => rawAsk(port, inputs.toBytes(one), HANG_MS)));
      for (const [i, { status, body, ms }] of answers.entries()) {
        asked++;
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        slowestMs = Math.max(slowestMs, ms);
        const shown = JSON.stringify(batch[i]).slice(0, 2000);
        if (!allowed(status)) throw new Error(`${status} ${body.slice(0, 500)} for ${shown}`);
        if (/node_modules|\bat .*\.[jt]s:\d+/.test(body) && !body.startsWith('<'))
          throw new Error(`internals for ${shown}`);
      }
    },
  );
  await fc.assert(property, { numRuns: Math.ceil(INPUTS / GROUPS / AT_ONCE), seed, endOnFailure: true });
}

const noFault = (status: number) => status >= 200 && status < 500;
const TIME = 600_000;

describe('whatever is sent, there is an answer, and none is a fault of ours', () => {
  it('ids', () => fuzz(inputs.ids(known), noFault), TIME);
  it('headers', () => fuzz(inputs.headers(known), noFault), TIME);
  it('cursors', () => fuzz(inputs.cursors(known), noFault), TIME);
  it('queries', () => fuzz(inputs.queries(known), noFault), TIME);
  it('JSON bodies', () => fuzz(jsonBodies(known), noFault), TIME);
  it('NDJSON bodies', () => fuzz(lineBodies(known), noFault), TIME);
  it('tenant ids', () => fuzz(inputs.tenantIds(), noFault, open), TIME);
});

describe('credentials that are none', () => {
  it(
    'open nothing',
    () => fuzz(inputs.credentials(known), (status) => status === 400 || status === 401, closed),
    TIME,
  );
});

describe('afterwards', () => {
  it('every key stands in the space of a tenant whose id is valid, or of the service', async () => {
    let cursor = '0';
    const strange: string[] = [];
    let count = 0;
    do {
      const [next, names] = await commands.scan(cursor, 'COUNT', 1000);
      cursor = next;
      count += names.length;
      strange.push(...names.filter((name) => !isOurs(name)));
    } while (cursor !== '0');
    report(`${count} keys in Redis, none out of place`);
    expect(strange).toEqual([]);
    const tenants = await commands.smembers('runstream:tenants');
    expect(tenants.filter((tenant) => !/^[a-z0-9][a-z0-9_-]{0,62}$/.test(tenant))).toEqual([]);
  });

  it('no prototype has anything on it', () => {
    for (const prototype of [Object.prototype, Array.prototype, Function.prototype])
      expect(Object.keys(prototype)).toEqual([]);
    expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(12);
  });

  it('the service works, and none of it took long', async () => {
    const headers = { authorization: `Bearer ${known.credential}` };
    expect((await ask(closed.url, 'GET', `/runs/${known.runId}`, { headers })).json).toMatchObject({
      task: 'fuzzed',
    });
    expect((await ask(closed.url, 'GET', '/health/ready')).status).toBe(200);
    expect(slowestMs).toBeLessThan(HANG_MS / 2);
  });
});

function isOurs(name: string): boolean {
  return /^runstream:/.test(name) || /^tenant:([a-z0-9][a-z0-9_-]{0,62}):runstream:\{\1\.\d+\}:/.test(name);
}

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { type RedisSentinels, SENTINEL_NAME, startRedisSentinels } from '../support/redis-sentinels.js';
import type { Serving } from '../support/service.js';
import { TestBed } from '../support/test-bed.js';

interface Stored {
  id: string;
  data: { reason?: string; after_id?: string | null; count?: number; n?: number };
}

const EVENT = (n: number) => ({
  event: { category: 'log', action: 'stdout' },
  data: { line: String(n), n },
  idempotency_key: `k${n}`,
});

async function post(service: Serving, path: string, body: unknown): Promise<Response> {
  const headers = { 'Content-Type': 'application/json' };
  return fetch(`${service.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function startRun(service: Serving): Promise<string> {
  const response = await post(service, '/runs', { task: 'failover' });
  if (response.status !== 201) throw new Error(await response.text());
  return ((await response.json()) as { id: string }).id;
}

async function eventsOf(service: Serving, run: string): Promise<Stored[]> {
  const response = await fetch(`${service.url}/runs/${run}/events?limit=1000`);
  return response.ok ? ((await response.json()) as { events: Stored[] }).events : [];
}

async function metric(service: Serving, name: string): Promise<number> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN);
}

describe('A master that is replaced by a replica that is behind', () => {
  let bed: TestBed;
  let sentinels: RedisSentinels;
  beforeEach(async () => {
    bed = new TestBed();
    sentinels = await startRedisSentinels({ replicas: 1, downAfterMs: 500 });
    bed.onClose(() => sentinels.stop());
  });
  afterEach(() => bed.close());

  const env = (more: NodeJS.ProcessEnv = {}) => ({
    REDIS_SENTINELS: sentinels.addresses,
    REDIS_SENTINEL_NAME: SENTINEL_NAME,
    ...more,
  });

  /** Replicas get nothing from here on. It takes Sentinel some seconds to send them back to their master. */
  async function holdReplication(): Promise<void> {
    const master = await sentinels.master();
    for (const server of sentinels.servers)
      if (server !== master) await sentinels.client(server).replicaof('127.0.0.1', '1');
  }

  it('what was acknowledged and is lost is counted once, and told in each run', async () => {
    const [one, two] = [await bed.serveHere(env()), await bed.serveHere(env())];
    const [run, untouched] = [await startRun(one), await startRun(one)];
    expect((await post(one, `/runs/${run}/events`, [EVENT(1), EVENT(2)])).status).toBe(201);
    const kept = await eventsOf(one, run);
    const first = await sentinels.master();
    await eventually('the replica has it', async () => {
      const info = await sentinels.client(first).info('replication');
      const offset = /^master_repl_offset:(\d+)/m.exec(info)?.[1];
      return new RegExp(`offset=${offset}`).test(info);
    });
    await holdReplication();
    expect((await post(one, `/runs/${run}/events`, [EVENT(3), EVENT(4), EVENT(5)])).status).toBe(201);
    expect((await post(two, `/runs/${run}/events`, [EVENT(6), EVENT(7)])).status).toBe(201);
    const lostRun = await startRun(two);
    await first.kill();
    await eventually('another is the master', async () => (await sentinels.master()) !== first);
    await eventually('both services are told', async () => {
      const counts = await Promise.all(
        [one, two].map((service) => metric(service, 'runstream_failovers_total')),
      );
      return counts.every((count) => count >= 1);
    });
    // Five events of the one run, and the first event of the one that is gone.
    await eventually('all is counted', async () => {
      const lost = await Promise.all(
        [one, two].map((service) => metric(service, 'runstream_lost_events_total')),
      );
      return lost.reduce((sum, n) => sum + n, 0) === 6;
    });
    const warnings = async () =>
      (await eventsOf(one, run)).filter(({ data }) => data.reason === 'events_lost').map(({ data }) => data);
    await eventually('the run says so', async () => {
      return (await warnings()).reduce((sum, { count = 0 }) => sum + count, 0) === 5;
    });
    for (const { after_id } of await warnings()) expect(after_id).toBe(kept.at(-1)?.id);
    expect(await eventsOf(two, untouched)).toHaveLength(1);
    expect((await fetch(`${two.url}/runs/${lostRun}`)).status).toBe(404);
  });

  it('with APPEND_MIN_REPLICAS nothing is acknowledged that the replica does not have', async () => {
    const replicated = env({ APPEND_MIN_REPLICAS: '1', APPEND_REPLICAS_TIMEOUT_MS: '200' });
    const [service, other] = [await bed.serveHere(replicated), await bed.serveHere(replicated)];
    const run = await startRun(service);
    expect((await post(service, `/runs/${run}/events`, [EVENT(1)])).status).toBe(201);
    const first = await sentinels.master();
    const [replica] = sentinels.servers.filter((server) => server !== first);
    replica?.pause();
    const refused = await post(service, `/runs/${run}/events`, [EVENT(2)]);
    expect(refused.status).toBe(503);
    expect(((await refused.json()) as { code: string }).code).toBe('NOT_REPLICATED');
    // Known by its key, and still not replicated: not for another process either, which has written nothing itself.
    for (const one of [service, other])
      expect((await post(one, `/runs/${run}/events`, [EVENT(2)])).status).toBe(503);
    expect((await post(service, '/runs', { task: 'not replicated' })).status).toBe(503);
    replica?.resume();
    await holdReplication();
    expect((await post(service, `/runs/${run}/events`, [EVENT(3)])).status).toBe(503);
    await first.kill();
    await eventually('the next master takes appends', async () => {
      // It has no replica, so nothing is acknowledged there either.
      const response = await post(service, `/runs/${run}/events`, [EVENT(3)]);
      return response.status === 503 && (await response.text()).includes('NOT_REPLICATED');
    });
    expect(await metric(service, 'runstream_lost_events_total')).toBe(0);
    await first.restart();
    // Sentinel would do so itself after some seconds.
    await sentinels.client(first).replicaof('127.0.0.1', (await sentinels.master()).port);
    await eventually('the old one is its replica', async () => {
      return (await post(service, `/runs/${run}/events`, [EVENT(2), EVENT(3)])).status === 201;
    });
    const numbers = (await eventsOf(service, run)).map(({ data }) => data.n);
    expect(numbers.filter((n) => n !== undefined).sort()).toEqual([1, 2, 3]);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Client, expectError, expectStatus } from '../conformance/client.js';
import { terminal, type RunList } from '../conformance/model.js';
import { commandCalls } from '../support/event-store.js';
import { eventually } from '../support/eventually.js';
import type { RedisServer } from '../support/redis.js';
import { TestBed } from '../support/test-bed.js';
import { Redis } from 'ioredis';

interface Executor {
  name: string;
  input_schema: unknown;
  live_instances: number;
  slots?: { total: number; taken: number; free: number };
  running: number;
  pending: number;
}

const bed = new TestBed();
let redis: RedisServer;
let api: Client;

beforeAll(async () => {
  redis = await bed.startRedis();
  api = bed.client(await bed.serveHere({ REDIS_URL: redis.url, RECORDINGS_DIR: 'test/fixtures' }));
});
afterAll(() => bed.close());

async function listed(query: Record<string, string | number>): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const reply = await api.get('/runs', { ...query, cursor });
    const page = expectStatus(reply, 200).json<RunList>();
    ids.push(...page.runs.map(({ id }) => id));
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return ids;
}

async function ended(how: string, fields: object = {}): Promise<string> {
  const { id } = await api.createRun({ ...fields });
  await api.append(id, terminal(how));
  return id;
}

describe('A list of runs', () => {
  it('is of one status or of several, and of what its task holds', async () => {
    const completed = await ended('completed', { task: 'Deploy the SHOP' });
    const failed = await ended('failed', { task: 'deploy the API' });
    const { id: running } = await api.createRun({ task: 'review' });
    expect(await listed({ status: 'completed' })).toEqual([completed]);
    expect(await listed({ status: 'failed,running' })).toEqual([running, failed]);
    expect(await listed({ task: 'dePLOY' })).toEqual([failed, completed]);
    expect(await listed({ task: 'deploy', status: 'completed,cancelled', limit: 1 })).toEqual([completed]);
    for (const query of [
      { status: 'done' },
      { status: 'failed,' },
      { status: '' },
      { task: '' },
      { since: 'yesterday' },
      { since: '2026-13-01T00:00:00Z' },
      { since: '' },
    ])
      expectError(await api.get('/runs', query), 400, 'VALIDATION_FAILED');
  });

  it('begins at a time, of all runs and of those of a key, and looks no further', async () => {
    const { id: before } = await api.createRun({ key: 'line' });
    const made = Date.parse((await api.run(before)).created_at);
    await eventually('a millisecond has passed', () => Date.now() > made + 1);
    const { id: first } = await api.createRun({ key: 'line' });
    const { id: other } = await api.createRun();
    const { id: last } = await api.createRun({ key: 'line' });
    // Ids carry the clock of the process that made them, which is this one.
    const since = new Date(made + 1).toISOString();
    expect(await listed({ since })).toEqual([last, other, first]);
    expect(await listed({ since, key: 'line', limit: 1 })).toEqual([last, first]);
    expect(await listed({ since: since.replace('Z', '+00:00') })).toEqual([last, other, first]);
    expect(await listed({ since: '2100-01-01' })).toEqual([]);
    expect((await listed({ since: '1969-01-01' })).at(-1)).toBe((await listed({})).at(-1));
  });
});

describe('Counts of runs', () => {
  it('are those of runs that are pending or running, and of those that have ended lately', async () => {
    const count = async () =>
      expectStatus(await api.get('/runs/counts'), 200).json<Record<string, number> & { complete: boolean }>();
    const before = await count();
    const old = await ended('cancelled');
    for (const how of ['completed', 'failed', 'failed']) await ended(how);
    await api.createRun();
    const client = new Redis(redis.url);
    bed.onClose(() => client.quit());
    await client.hset(`runstream:{0}:run:${old}`, 'completed_at', Date.now() - 3_700_000);
    const now = await count();
    const differences = ['pending', 'running', 'completed', 'failed', 'cancelled'].map(
      (status) => now[status]! - before[status]!,
    );
    expect(differences).toEqual([0, 1, 1, 2, 0]);
    expect(now.complete).toBe(true);
    expect(Date.now() - Date.parse(String(now['since']))).toBeGreaterThanOrEqual(3_600_000);
    expectError(await api.get('/runs/counts', { since: '-' }), 400, 'VALIDATION_FAILED');
  });

  it('look at the newest 2000 that have ended only, and say so; and count all that have not', async () => {
    const client = new Redis(redis.url);
    bed.onClose(() => client.quit());
    const ids = Array.from({ length: 2100 }, (_, n) => `r0_0${String(n).padStart(25, '0')}`);
    const pretend = async (status: string) => {
      await client.del('runstream:{0}:runs:index');
      await client.zadd('runstream:{0}:runs:index', ...ids.flatMap((id) => [0, `s${status}\0${id}`]));
      await client.config('RESETSTAT');
      return expectStatus(await api.get('/runs/counts'), 200).json<Record<string, unknown>>();
    };
    expect(await pretend('completed')).toMatchObject({ completed: 0, pending: 0, complete: false });
    expect((await commandCalls(client))('hmget')).toBe(2000);
    expect(await pretend('pending')).toMatchObject({ completed: 0, pending: 2100, complete: true });
    expect((await commandCalls(client))('hmget')).toBe(0);
    await client.del('runstream:{0}:runs:index');
  });
});

describe('The executors', () => {
  const executors = async (): Promise<Executor[]> =>
    expectStatus(await api.get('/executors'), 200).json<{ executors: Executor[] }>().executors;

  it('are listed by name, with what they take, who has them and what they do', async () => {
    const none = { slots: { total: 10, taken: 0, free: 10 }, running: 0, pending: 0 };
    await eventually('both have a process', async () =>
      (await executors()).every((one) => one.live_instances === 1 && one.slots),
    );
    expect(await executors()).toEqual([
      { name: 'command', input_schema: expect.any(Object), live_instances: 1, served_by: 'service', ...none },
      { name: 'replay', input_schema: expect.any(Object), live_instances: 1, served_by: 'service', ...none },
    ]);
    const [, replay] = await executors();
    expect(replay!.input_schema).toMatchObject({
      properties: { recording: { enum: ['made-up-run'] } },
      required: ['recording'],
    });
    const input = { recording: 'made-up-run', speed: 0.0001 };
    for (let n = 0; n < 11; n++) await api.createRun({ executor: 'replay', input });
    // One process executes ten of an executor's at once.
    await eventually('ten are executed', async () => {
      const [, now] = await executors();
      return now!.running === 10 && now!.pending === 1;
    });
    await eventually(
      'there is no room, and it says so',
      async () => (await executors())[1]!.slots?.free === 0,
    );
    expect((await executors())[1]!.slots).toEqual({ total: 10, taken: 10, free: 0 });
  });

  it('have no process when the one that had them is gone, and what waits is seen', async () => {
    const other = await bed.startRedis();
    const settings = { REDIS_URL: other.url, RECORDINGS_DIR: 'test/fixtures' };
    const gone = await bed.serveHere(settings);
    await gone.stop();
    const idle = await bed.startApplication({
      redis: { url: other.url },
      executors: { enabled: false, recordingsDir: 'test/fixtures' },
    });
    const client = bed.client(idle);
    await client.createRun({ executor: 'replay', input: { recording: 'made-up-run' } });
    const now = async () => (await client.get('/executors')).json<{ executors: Executor[] }>().executors[1];
    await eventually('nobody has it', async () => (await now())!.live_instances === 0);
    const slots = { total: 0, taken: 0, free: 0 };
    expect(await now()).toMatchObject({ name: 'replay', slots, running: 0, pending: 1 });
  });
});

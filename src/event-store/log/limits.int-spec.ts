import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TenantLimitError } from '../../common/index.js';
import { TenantLimits, type TenantLimitValues } from '../../limits/index.js';
import {
  completed,
  createTestStore,
  line,
  type TestStore,
  uniqueTenant,
} from '../../../test/support/event-store.js';
import { spreadOver } from '../../../test/support/partitions.js';
import { eventually } from '../../../test/support/eventually.js';
import { StoredBytes } from '../upkeep/stored-bytes.js';

const token = { event: { category: 'llm', action: 'stream' }, data: { content: 'a' } };

describe('Limits of a tenant in the store', () => {
  let a: TestStore;
  let limits: TenantLimits;
  let tenant: string;
  beforeAll(async () => {
    a = await createTestStore({ limits: { storedBytesMs: 50 } });
    limits = a.app.get(TenantLimits);
  });
  afterAll(() => a.close());
  beforeEach(() => {
    tenant = uniqueTenant();
  });

  const create = async (of = tenant, input = {}) =>
    (await a.runs.create(of, { task: 'a test', input })).run.id;
  const limit = (values: TenantLimitValues) => limits.set(tenant, values);
  const append = (run: string, count = 1, event = line('one')) =>
    a.store.append(tenant, run, Array<typeof event>(count).fill(event));
  const refusal = async (work: Promise<unknown>): Promise<TenantLimitError> => {
    const error: unknown = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(TenantLimitError);
    return error as TenantLimitError;
  };
  const detailsOf = async (work: Promise<unknown>) => (await refusal(work)).details;
  const sequenceOf = async (run: string) => (await a.runs.get(tenant, run)).sequence;
  const meterKey = () => a.store.keys.partition(tenant, 0).meter;
  /** As if so much time had passed. */
  const shiftMeter = async (ms: number) => {
    const [at = '', ...levels] = (await a.redis.commands.get(meterKey()))?.split(' ') ?? [];
    await a.redis.commands.set(meterKey(), [Number(at) - ms, ...levels].join(' '));
  };

  it('active runs: one more is refused, and goes through once one has ended', async () => {
    await limit({ active_runs: 2 });
    const [first] = [await create(), await create()];
    expect(await detailsOf(create())).toEqual({ limit: 'active_runs', value: 2, retry_after_ms: 1000 });
    expect((await a.runs.list(tenant, {}, 10)).runs).toHaveLength(2);
    await a.store.append(tenant, first, [completed()]);
    await create();
    await refusal(create());
  });

  it('active runs: a repeated request gets its run, whatever the limit says', async () => {
    await limit({ active_runs: 1 });
    const request = { key: 'again', fingerprint: 'same' };
    const { run } = await a.runs.create(tenant, { task: 'a test', input: {} }, request);
    const again = await a.runs.create(tenant, { task: 'a test', input: {} }, request);
    expect(again).toMatchObject({ replayed: true, run: { id: run.id } });
  });

  it.each([
    ['the long way', line('one')],
    ['the short way', token],
  ])('events per second, %s: a batch goes in whole, and is paid back by waiting', async (_, event) => {
    const run = await create();
    await append(run, 1, event);
    await limit({ events_per_second: 10 });
    await append(run, 1000, event);
    const error = await refusal(append(run, 1, event));
    expect(error).toMatchObject({ code: 'TENANT_LIMIT', status: 429 });
    expect(error.details).toMatchObject({ limit: 'events_per_second', value: 10 });
    expect(error.retryAfterMs).toBeGreaterThan(80_000);
    expect(error.retryAfterMs).toBeLessThanOrEqual(99_001);
    expect(error.retryAfterSeconds).toBe(Math.ceil(error.retryAfterMs / 1000));
    expect(await sequenceOf(run)).toBe(1002);
    // A moment before, and at it.
    await shiftMeter(error.retryAfterMs - 60_000);
    await refusal(append(run, 1, event));
    await shiftMeter(60_000);
    await append(run, 1, event);
    expect(await sequenceOf(run)).toBe(1003);
  });

  it('events per second: over time no more than the limit and a second of it come in', async () => {
    const run = await create();
    const began = await a.redis.commands.time();
    await limit({ events_per_second: 20 });
    let stored = 0;
    const until = performance.now() + 2000;
    while (performance.now() < until) {
      await append(run).then(
        () => stored++,
        () => undefined,
      );
    }
    const ended = await a.redis.commands.time();
    const ms =
      Number(ended[0]) * 1000 + Number(ended[1]) / 1000 - Number(began[0]) * 1000 - Number(began[1]) / 1000;
    expect(stored).toBeLessThanOrEqual(20 * (1 + ms / 1000) + 1);
    expect(stored).toBeGreaterThanOrEqual(20);
    expect(await sequenceOf(run)).toBe(1 + stored);
  });

  it('bytes per second: counts the bodies of events and the input of runs', async () => {
    const run = await create();
    await limit({ bytes_per_second: 1000 });
    await append(run, 1, line('x'.repeat(100_000)));
    const details = await detailsOf(append(run));
    expect(details).toMatchObject({ limit: 'bytes_per_second', value: 1000 });
    await shiftMeter(200_000);
    await create(tenant, { text: 'x'.repeat(100_000) });
    await refusal(append(run));
    await refusal(create());
  });

  it('what ends a run, and what the service writes itself, is never refused, but counts', async () => {
    const [run, other] = [await create(), await create()];
    await limit({ events_per_second: 1, bytes_per_second: 1, stored_bytes: 1 });
    await append(run, 500).catch(() => undefined);
    await eventually('it is summed', () =>
      refusal(append(run)).then(
        () => true,
        () => false,
      ),
    );
    await append(run, 1, completed());
    const fence = await a.redis.commands.hget(a.store.keys.run(tenant, other).run, 'fence');
    await a.store.append(tenant, other, [completed()], { fence: Number(fence) });
    expect((await a.runs.get(tenant, run)).status).toBe('completed');
  });

  it('a refused append is told apart from one that is there already', async () => {
    const run = await create();
    const request = { key: 'k', fingerprint: 'f' };
    await limit({ events_per_second: 1 });
    await a.store.append(
      tenant,
      run,
      Array.from({ length: 100 }, () => line('one')),
      { request },
    );
    const replayed = await a.store.append(tenant, run, [line('one')], { request }).catch(() => undefined);
    expect(replayed?.replayed).toBe(true);
    // By its key as well: nothing new is written.
    await limit({});
    await a.store.append(tenant, run, [line('keyed', { idempotency_key: 'e1' })]);
    await limit({ events_per_second: 1 });
    await refusal(append(run));
    const again = await a.store.append(tenant, run, [line('keyed', { idempotency_key: 'e1' })]);
    expect(again).toMatchObject({ count: 0, duplicates: 1 });
  });

  it('another tenant is not touched', async () => {
    const run = await create();
    await limit({ events_per_second: 1, active_runs: 1 });
    await append(run, 1000);
    await refusal(append(run));
    await refusal(create());
    const other = uniqueTenant();
    const others = await create(other);
    for (let i = 0; i < 20; i++) await a.store.append(other, others, [line('free')]);
    expect((await a.runs.get(other, others)).sequence).toBe(21);
  });

  it('T290 a clock that was put back does not stop a tenant', async () => {
    const run = await create();
    await limit({ events_per_second: 10, bytes_per_second: 100_000 });
    await append(run, 1000);
    await refusal(append(run));
    await shiftMeter(-3_600_000);
    await append(run);
    expect(await sequenceOf(run)).toBe(1002);
  });

  it('T291 costs nothing where there is no limit: no key, and nothing more for the scripts', async () => {
    const run = await create();
    await append(run);
    await append(run, 1, token);
    expect(limits.of(tenant)).toMatchObject({ forScripts: '' });
    expect(await a.redis.commands.exists(meterKey())).toBe(0);
    // Those that no script looks at are none to them either.
    await limit({ requests_per_second: 1, open_streams: 1 });
    await append(run);
    expect(limits.of(tenant)).toMatchObject({ forScripts: '' });
    expect(await a.redis.commands.exists(meterKey())).toBe(0);
  });

  it('stored bytes: what is there is known within a sum, and what was deleted frees it', async () => {
    const stored = a.app.get(StoredBytes);
    expect(await stored.sum(tenant)).toBe(0);
    const run = await create();
    const small = await stored.sum(tenant);
    await append(run, 1, line('x'.repeat(200_000)));
    const large = await stored.sum(tenant);
    expect(large - small).toBeGreaterThan(199_000);
    expect(large - small).toBeLessThan(300_000);

    await limit({ stored_bytes: 100_000 });
    await eventually('it is full', () =>
      append(run).then(
        () => false,
        () => true,
      ),
    );
    expect(await detailsOf(append(run))).toEqual({
      limit: 'stored_bytes',
      value: 100_000,
      retry_after_ms: 60_000,
    });
    expect(await detailsOf(create())).toMatchObject({ limit: 'stored_bytes' });
    await a.store.delete(tenant, run);
    await eventually('there is room', () =>
      create().then(
        () => true,
        () => false,
      ),
    );
    expect(await stored.sum(tenant)).toBeGreaterThan(0);
  });

  it('stored bytes: the sum is that of all pages', async () => {
    const stored = a.app.get(StoredBytes);
    const one = await create();
    const each = await stored.sum(tenant);
    for (let i = 0; i < 129; i++) await create();
    const all = await stored.sum(tenant);
    expect(all).toBeGreaterThan(each * 125);
    expect(all).toBeLessThan(each * 135);
    expect(one).toBeDefined();
  });

  it('of a tenant with several partitions each lets in its share, and a refusal names the whole limit', async () => {
    await spreadOver({ redis: a.redis, store: a.store, tenant }, 4);
    await limit({ events_per_second: 40, active_runs: 40 });
    const partitionOf = (run: string) => a.store.keys.partitionOf(tenant, run).journal;
    const [run, beside] = [await create(), await create()];
    let elsewhere = beside;
    while (partitionOf(elsewhere) === partitionOf(run)) elsewhere = await create();
    for (const one of [run, elsewhere]) {
      await append(one, 1000);
      const { details, retryAfterMs } = await refusal(append(one));
      expect(details).toMatchObject({ limit: 'events_per_second', value: 40 });
      // It is paid back at ten a second.
      expect(retryAfterMs).toBeGreaterThan(80_000);
    }
    await limit({ active_runs: 40 });
    let [started, refused] = [0, 0];
    while (refused < 100)
      await create().then(
        () => started++,
        () => refused++,
      );
    const { runs } = await a.runs.list(tenant, {}, 100);
    expect(runs.length).toBeGreaterThanOrEqual(10);
    expect(runs.length).toBeLessThanOrEqual(40);
    expect(started).toBeGreaterThan(0);
  });

  it('a change holds in another process within about two seconds, and own limits win over defaults', async () => {
    const b = await createTestStore({ limits: { defaults: ['active_runs=1', 'events_per_second=1000000'] } });
    try {
      const createThere = () => b.runs.create(tenant, { task: 'a test', input: {} });
      await createThere();
      await refusal(createThere());
      await limit({ active_runs: 3 });
      const since = performance.now();
      await eventually('it holds there', () =>
        createThere().then(
          () => true,
          () => false,
        ),
      );
      // The machine may be busy; one that reads it once a minute is another thing.
      expect(performance.now() - since).toBeLessThan(10_000);
      await createThere();
      await refusal(createThere());
      expect(await b.app.get(TenantLimits).of(tenant)).toMatchObject({
        values: { active_runs: 3, events_per_second: 1_000_000 },
      });
    } finally {
      await b.close();
    }
  });
});

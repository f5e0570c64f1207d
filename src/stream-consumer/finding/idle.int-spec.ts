import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandLog } from '../../../test/support/command-log.js';
import { createTestStore, type TestStore, uniqueTenant, upTo } from '../../../test/support/event-store.js';
import { type RedisServer, startRedis } from '../../../test/support/redis.js';
import { BUCKETS, bucketOf, partitionOf } from '../buckets.js';
import { Membership } from '../members/membership.js';
import { TouchedBuckets } from '../signals/touched-buckets.js';
import type { StreamConsumer } from '../stream-consumer.js';
import { WORK_KEYS } from '../work-keys.js';
import { Holdings } from './holdings.js';
import { restOf } from './rest.js';
import { Sweeps } from './sweeps.js';
import { Visits } from './visits.js';

const NEVER_MS = 3_600_000;
const GROUPS = ['a', 'b', 'c'];

describe('T252 while nothing happens, a process with three groups', () => {
  // A server of its own: all that it carries out is counted.
  let server: RedisServer;
  let store: TestStore;
  let log: CommandLog;
  beforeAll(async () => {
    server = await startRedis();
    store = await createTestStore({ url: server.url, journalTrimMs: NEVER_MS, heartbeatMs: NEVER_MS });
    log = await CommandLog.of(store);
  });
  afterAll(async () => {
    log.stop();
    await store.close();
    await server.stop();
  });

  /** How often each of these was called. */
  const countsOf = async (work: () => Promise<unknown>, ...names: string[]): Promise<number[]> => {
    await log.take();
    await work();
    const calls = await log.take();
    return names.map((name) => calls.get(name) ?? 0);
  };

  const consumer = (name: string, asked: string[] = []): StreamConsumer => ({
    ...{ name, topic: 'journal', leaseMs: 60_000, concurrency: 10, batchSize: 10, room: 10 },
    serves: () => true,
    inHand: () => 0,
    owns: () => false,
    isAtRest: (partition) => {
      asked.push(`${name} ${partition}`);
      return Promise.resolve(true);
    },
    visit: () => Promise.resolve({ taken: 0, isIdle: true }),
  });

  const sweepsOf = (touchedBuckets: TouchedBuckets, name: string, asked: string[] = []): Sweeps => {
    const one = consumer(name, asked);
    const holdings = new Holdings(store.redis, name, 'one');
    const hooks = { onOverload: () => undefined, onError: () => undefined };
    return new Sweeps(
      one,
      name,
      { redis: store.redis, touchedBuckets },
      holdings,
      new Visits(one, holdings, hooks),
    );
  };

  it('looks with one script at all buckets, and goes on to those that were touched', async () => {
    const touched = new TouchedBuckets(store.redis);
    const asked: string[] = [];
    const sweeps = GROUPS.map((name) => sweepsOf(touched, name, asked));
    const sweep = () => Promise.all(sweeps.map((one) => one.sweep(() => true)));
    // Once to learn that nobody has looked, and once to write down that nothing was touched since all tenants were.
    await sweep();
    for (const one of sweeps) one.known(new Set(BUCKETS));
    await sweep();
    expect(await countsOf(sweep, 'evalsha', 'time', 'zrange', 'hset')).toEqual([1, 1, 1, 0]);
    expect(await countsOf(sweep, 'evalsha', 'time', 'zrange', 'hset')).toEqual([1, 1, 1, 0]);

    const partition = partitionOf(uniqueTenant());
    await store.signals.around([{ topic: 'journal', partition }], () => Promise.resolve());
    // The bucket of each group, together in one script more.
    expect(await countsOf(sweep, 'evalsha', 'zrange', 'hset')).toEqual([2, 4, 3]);
    expect(asked.sort()).toEqual(GROUPS.map((name) => `${name} ${partition}`));
  });

  it('looks at each bucket while the place that tells of all can not be asked', async () => {
    const touched = new TouchedBuckets(store.redis);
    const asked: string[] = [];
    const sweeps = sweepsOf(touched, 'alone', asked);
    const sweep = () => sweeps.sweep(() => true);
    await sweep();
    sweeps.known(new Set(BUCKETS));
    await sweep();
    const partition = partitionOf(uniqueTenant());
    await store.redis.commands.zadd(WORK_KEYS.touched('journal', bucketOf(partition)), Date.now(), partition);
    await sweep();
    // Nobody has said that it was touched.
    expect(asked).not.toContain(`alone ${partition}`);
    touched.read = () => Promise.reject(new Error('away'));
    expect(await countsOf(sweep, 'hset')).toEqual([BUCKETS.length]);
    expect(asked).toContain(`alone ${partition}`);
  });

  it('gives one sign of life for all groups', async () => {
    const members = GROUPS.map((name) => new Membership(store.redis, `idle:${name}`, 'one', 2000));
    const beat = () => Promise.all(members.map((one) => one.beat()));
    await beat();
    expect(await countsOf(beat, 'evalsha', 'time', 'zadd', 'zrange')).toEqual([1, 1, 3, 3]);
    expect(members.every((one) => one.isAlone && one.isHome(0))).toBe(true);
  });

  it('asks about a tenant once for all groups, and about many in one script', async () => {
    const streams = upTo(50).map(() => `idle:{${uniqueTenant()}}`);
    for (const stream of streams)
      for (const group of GROUPS) await store.redis.commands.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
    const ask = async () => {
      const asked = GROUPS.flatMap((group) =>
        streams.map((stream) => restOf(store.redis, stream, group, { emptied: [`${stream}:${group}`] })),
      );
      expect(new Set(await Promise.all(asked))).toEqual(new Set(['at rest']));
    };
    // Fifty answers in a script: two streams are in two of them.
    const looks = 52;
    const counts = await countsOf(ask, 'evalsha', 'exists', 'xinfo', 'xlen');
    expect(counts).toEqual([3, looks, 2 * looks, 150]);
  });
});

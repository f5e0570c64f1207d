import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLog } from '../../../test/support/command-log.js';
import { createTestStore, type TestStore, uniqueTenant } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { type RedisServer, startRedis } from '../../../test/support/redis.js';
import { RedisUnavailableError } from '../../common/index.js';
import { BUCKETS, bucketOf, partitionOf } from '../buckets.js';
import { type UpkeepOptions, UpkeepRounds } from './upkeep-rounds.js';
import { WORK_KEYS } from '../work-keys.js';

const NEVER_MS = 3_600_000;
const TENANTS = 'tenants';

/** Answers of a look; undefined where nothing is said. */
type Answers = Map<string, Awaited<ReturnType<UpkeepOptions['look']>>>;

describe('T246 upkeep', () => {
  // A server of its own: the index is for every tenant on it.
  let server: RedisServer;
  let a: TestStore;
  let looked: string[];
  let worked: string[];
  let answers: Answers;
  let failing: Error | undefined;
  const errors: [string, unknown][] = [];
  const { signal } = new AbortController();

  const roundsOf = (options: Partial<UpkeepOptions> = {}) =>
    new UpkeepRounds(a.redis, 'runs', {
      everyMs: 1,
      tenantsKey: TENANTS,
      named: undefined,
      look: (tenantId) => {
        looked.push(tenantId);
        return failing ? Promise.reject(failing) : Promise.resolve(answers.get(tenantId));
      },
      work: (tenantId) => {
        worked.push(tenantId);
        return Promise.resolve(undefined);
      },
      onError: (tenantId, error) => errors.push([tenantId, error]),
      ...options,
    });
  const turn = WORK_KEYS.upkeepTurn('runs');
  /** Whom it looks at in a round, which is its turn. */
  const lookedAtBy = async (rounds: UpkeepRounds): Promise<string[]> => {
    await a.redis.commands.del(turn);
    looked = [];
    await rounds.round(signal);
    return looked;
  };
  /** Those that have had their first round, in which they look at all. */
  const startedRounds = async (options: Partial<UpkeepOptions> = {}): Promise<UpkeepRounds> => {
    const rounds = roundsOf(options);
    await lookedAtBy(rounds);
    return rounds;
  };
  const touch = (tenantId: string) =>
    a.signals.around([{ topic: 'journal', partition: partitionOf(tenantId) }], () => Promise.resolve());
  const indexOf = (tenantId: string) => WORK_KEYS.upkeep('runs', bucketOf(partitionOf(tenantId)));
  const timeOf = (tenantId: string) => a.redis.commands.zscore(indexOf(tenantId), partitionOf(tenantId));
  const setTime = (tenantId: string, ms: number) =>
    a.redis.commands.zadd(indexOf(tenantId), ms, partitionOf(tenantId));
  /** Touched so long ago that whatever belongs to it has come. */
  const touchedLongAgo = (tenantId: string) => setTime(tenantId, 1000);
  const makeTenants = async (count: number): Promise<string[]> => {
    const tenants = Array.from({ length: count }, (_, n) => `idle${n}`);
    await a.redis.commands.sadd(TENANTS, ...tenants);
    return tenants;
  };

  beforeAll(async () => {
    server = await startRedis();
    a = await createTestStore({ url: server.url, journalTrimMs: NEVER_MS, heartbeatMs: NEVER_MS });
  });
  beforeEach(() => {
    looked = [];
    worked = [];
    answers = new Map();
    failing = undefined;
    errors.length = 0;
  });
  afterEach(() => a.redis.commands.flushall());
  afterAll(async () => {
    await a.close();
    await server.stop();
  });

  it('asks and looks no more, however many tenants are idle', async () => {
    const tenants = await makeTenants(1000);
    const rounds = roundsOf();
    expect((await lookedAtBy(rounds)).sort()).toEqual(tenants.sort());
    const log = await CommandLog.of(a);
    // A thousandth of them in a round that is a thousandth of the walk, and what comes with it of one slot of a table.
    expect((await lookedAtBy(rounds)).length).toBeLessThan(20);
    const calls = await log.take();
    log.stop();
    expect(calls.get('zrangebyscore')).toBe(BUCKETS.length);
    expect([calls.get('sscan'), calls.get('smembers'), calls.get('evalsha')]).toEqual([1, undefined, 1]);
  });

  it('looks at what was touched, until all that belongs to the touch has come', async () => {
    const rounds = await startedRounds();
    const tenant = uniqueTenant();
    await touch(tenant);
    expect(await lookedAtBy(rounds)).toEqual([tenant]);
    // An append that was touched for may be on its way still.
    expect(await lookedAtBy(rounds)).toEqual([tenant]);
    await touchedLongAgo(tenant);
    expect(await lookedAtBy(rounds)).toEqual([tenant]);
    expect(await lookedAtBy(rounds)).toEqual([]);
    expect(await timeOf(tenant)).toBeNull();
  });

  it('looks again at what said so, though it is touched no more', async () => {
    const rounds = await startedRounds();
    const [open, due] = [uniqueTenant(), uniqueTenant()];
    const inAnHour = Date.now() + 3_600_000;
    answers.set(open, 'next round').set(due, inAnHour);
    await Promise.all([open, due].map(touchedLongAgo));
    expect((await lookedAtBy(rounds)).sort()).toEqual([open, due].sort());
    for (let n = 0; n < 3; n++) expect(await lookedAtBy(rounds)).toEqual([open]);
    expect(Number(await timeOf(due))).toBe(inAnHour);
    // A touch brings it forward, and its time comes.
    await touch(due);
    expect((await lookedAtBy(rounds)).sort()).toEqual([open, due].sort());
    answers.clear();
    await setTime(due, Date.now() - 60_000);
    expect((await lookedAtBy(rounds)).sort()).toEqual([open, due].sort());
    expect(await lookedAtBy(rounds)).toEqual([]);
  });

  it('T246 does not lose a touch that comes while it looks', async () => {
    const tenant = uniqueTenant();
    const rounds = await startedRounds({
      look: async () => {
        await touch(tenant);
        return undefined;
      },
    });
    await touchedLongAgo(tenant);
    await lookedAtBy(rounds);
    expect(Number(await timeOf(tenant))).toBeGreaterThan(1000);
  });

  it('T246 does not let a process that was frozen take away what another has found', async () => {
    const tenant = uniqueTenant();
    let wake: () => void = () => undefined;
    let isLooking = false;
    const frozen = await startedRounds({
      look: () => {
        isLooking = true;
        return new Promise((resolve) => {
          wake = () => {
            resolve(undefined);
          };
        });
      },
    });
    const other = await startedRounds();
    await touchedLongAgo(tenant);
    await a.redis.commands.del(turn);
    const late = frozen.round(signal);
    await eventually('it looks', () => isLooking);
    // Something comes, and is found.
    answers.set(tenant, 'next round');
    await touch(tenant);
    expect(await lookedAtBy(other)).toEqual([tenant]);
    wake();
    await late;
    expect(await lookedAtBy(other)).toEqual([tenant]);
  });

  it('T246 looks again at what a process was looking at when it died, or lost Redis', async () => {
    const tenant = uniqueTenant();
    const rounds = await startedRounds();
    await touchedLongAgo(tenant);
    failing = new RedisUnavailableError();
    await expect(lookedAtBy(rounds)).rejects.toThrow(RedisUnavailableError);
    failing = undefined;
    expect(await lookedAtBy(roundsOf())).toEqual([tenant]);
  });

  it('finds what the index has lost, and processes share that walk', async () => {
    const tenants = await makeTenants(1000);
    const processes = [await startedRounds({ walkMs: 10 }), await startedRounds({ walkMs: 10 })];
    const found = new Set<string>();
    let rounds = 0;
    while (found.size < tenants.length && rounds < 12)
      for (const tenantId of await lookedAtBy(processes[rounds++ % 2]!)) found.add(tenantId);
    expect(found.size).toBe(1000);
    expect(rounds).toBeGreaterThan(8);
  });

  it('puts what the walk finds back into the index', async () => {
    const [lost, late] = (await makeTenants(2)) as [string, string];
    answers.set(lost, 'next round').set(late, 'next round');
    // The whole walk in each round.
    const rounds = await startedRounds({ walkMs: 1 });
    await a.redis.commands.del(indexOf(lost), indexOf(late));
    await setTime(late, Date.now() + 3_600_000);
    await lookedAtBy(rounds);
    await a.redis.commands.del(TENANTS);
    expect((await lookedAtBy(rounds)).sort()).toEqual([lost, late].sort());
  });

  it('works where a look says so, for one tenant after the other', async () => {
    const tenants = Array.from({ length: 5 }, uniqueTenant);
    let working = 0;
    const rounds = await startedRounds({
      work: async (tenantId) => {
        expect(++working).toBe(1);
        await a.redis.ping();
        working--;
        worked.push(tenantId);
        return 'next round';
      },
    });
    for (const tenantId of tenants) answers.set(tenantId, 'work');
    await Promise.all(tenants.map(touchedLongAgo));
    await lookedAtBy(rounds);
    expect(worked.sort()).toEqual(tenants.sort());
    expect((await lookedAtBy(rounds)).sort()).toEqual(tenants.sort());
  });

  it('goes on with the others when there is trouble with one, and looks at that one again', async () => {
    const [broken, fine] = [uniqueTenant(), uniqueTenant()];
    const rounds = await startedRounds({
      look: (tenantId) => {
        looked.push(tenantId);
        return tenantId === broken ? Promise.reject(new Error('broken')) : Promise.resolve(undefined);
      },
    });
    await Promise.all([broken, fine].map(touchedLongAgo));
    expect((await lookedAtBy(rounds)).sort()).toEqual([broken, fine].sort());
    expect(errors).toEqual([[broken, new Error('broken')]]);
    expect(await lookedAtBy(rounds)).toEqual([broken]);
  });

  it('is done by one process at a time', async () => {
    const tenant = uniqueTenant();
    const processes = await Promise.all([1, 2, 3].map(() => startedRounds({ everyMs: NEVER_MS })));
    await touch(tenant);
    await a.redis.commands.del(turn);
    looked = [];
    await Promise.all(processes.map((rounds) => rounds.round(signal)));
    expect(looked).toEqual([tenant]);
  });

  it('leaves tenants to others that it does not serve', async () => {
    const [own, foreign] = [uniqueTenant(), uniqueTenant()];
    const rounds = roundsOf({ named: [own] });
    await Promise.all([own, foreign].map(touchedLongAgo));
    await rounds.round(signal);
    expect(new Set(looked)).toEqual(new Set([own]));
    expect([await timeOf(own), await timeOf(foreign)]).toEqual([null, '1000']);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Test } from '@nestjs/testing';
import type { INestApplicationContext } from '@nestjs/common';
import { uniqueTenant } from '../../test/support/event-store.js';
import { eventually } from '../../test/support/eventually.js';
import { type RedisServer, startRedis, testRedisUrl } from '../../test/support/redis.js';
import { testLogger } from '../../test/support/test-logger.js';
import { TenantLimitError } from '../common/index.js';
import { RedisConnections, RedisModule } from '../redis/index.js';
import { LIMIT_KEYS } from './limit-keys.js';
import { LimitsModule } from './limits.module.js';
import { LimitsMetrics } from './limits-metrics.js';
import { RequestQuota } from './request-quota.js';
import { StreamQuota } from './stream-quota.js';
import { TenantLimits, type TenantLimitValues } from './tenant-limits.js';

/** One process's worth of limits. */
async function start(url = testRedisUrl(), commandTimeoutMs = 15_000): Promise<INestApplicationContext> {
  const module = await Test.createTestingModule({
    imports: [RedisModule.forRoot({ url, commandTimeoutMs }), LimitsModule.forRoot({})],
  })
    .setLogger(testLogger)
    .compile();
  return module.init();
}

/** Whether it was let through. */
const allowed = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    (error: unknown) => {
      expect(error).toBeInstanceOf(TenantLimitError);
      return false;
    },
  );

let apps: INestApplicationContext[];
let tenant: string;
beforeAll(async () => {
  apps = await Promise.all([start(), start()]);
});
afterAll(() => Promise.all(apps.map((app) => app.close())));
beforeEach(() => {
  tenant = uniqueTenant();
});

const commandsOf = (app: INestApplicationContext) => app.get(RedisConnections).commands;
const limit = (values: TenantLimitValues, of = tenant) => apps[0]!.get(TenantLimits).set(of, values);
const metric = async (app: INestApplicationContext, name: string) => {
  const { metrics } = app.get(LimitsMetrics);
  const found = metrics.find((one) => (one as unknown as { name: string }).name === name);
  return (await found!.get()).values;
};

describe('Requests per second', () => {
  it('two processes together let through what the limit says, one tenth more or less, and one lease', async () => {
    await limit({ requests_per_second: 200 });
    const clock = async () => {
      const [seconds, micros] = await commandsOf(apps[0]!).time();
      return Number(seconds) + Number(micros) / 1e6;
    };
    const began = await clock();
    const until = performance.now() + 3000;
    const counts = await Promise.all(
      apps.map(async (app) => {
        let count = 0;
        const caller = async () => {
          while (performance.now() < until) {
            if (await allowed(app.get(RequestQuota).take(tenant))) count++;
            // Others on this thread come, too.
            await new Promise((resolve) => setImmediate(resolve));
          }
        };
        await Promise.all(Array.from({ length: 4 }, caller));
        return count;
      }),
    );
    const seconds = (await clock()) - began;
    const total = counts[0]! + counts[1]!;
    const lease = 20;
    // A second of it may come at once, at the beginning.
    expect(total).toBeLessThanOrEqual(200 * (seconds + 1) * 1.1 + lease);
    expect(total).toBeGreaterThanOrEqual(200 * 3 * 0.9 - lease);
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  it('T294 takes no round trip for each request', async () => {
    await limit({ requests_per_second: 100_000 });
    const quota = apps[1]!.get(RequestQuota);
    const { commands } = apps[1]!.get(RedisConnections);
    const sends = jest.spyOn(commands, 'sendCommand');
    for (let i = 0; i < 5000; i++) await quota.take(tenant);
    const sent = sends.mock.calls.length;
    sends.mockRestore();
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(500);
  });

  it('says when to come back, and a refused one costs no round trip', async () => {
    await limit({ requests_per_second: 1 });
    const quota = apps[0]!.get(RequestQuota);
    await quota.take(tenant);
    const error: unknown = await quota.take(tenant).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'TENANT_LIMIT', retryAfterSeconds: 1 });
    const { details } = error as TenantLimitError;
    expect(details).toMatchObject({ limit: 'requests_per_second', value: 1 });
    const counted = await metric(apps[0]!, 'runstream_tenant_limited_total');
    const before = counted.find(({ labels }) => labels['limit'] === 'requests_per_second')?.value ?? 0;
    await allowed(quota.take(tenant));
    const after = await metric(apps[0]!, 'runstream_tenant_limited_total');
    expect(after.find(({ labels }) => labels['limit'] === 'requests_per_second')?.value).toBe(before + 1);
    await eventually('it is let through again', () => allowed(quota.take(tenant)));
  });

  it('another tenant, and one without a limit, are not touched', async () => {
    await limit({ requests_per_second: 1 });
    const quota = apps[0]!.get(RequestQuota);
    await quota.take(tenant);
    expect(await allowed(quota.take(tenant))).toBe(false);
    const other = uniqueTenant();
    for (let i = 0; i < 500; i++) await quota.take(other);
    expect(await commandsOf(apps[0]!).exists(LIMIT_KEYS.requests(other))).toBe(0);
  });

  it('T290 a clock that was put back does not stop a tenant', async () => {
    await limit({ requests_per_second: 5 });
    const quota = apps[0]!.get(RequestQuota);
    await quota.take(tenant);
    const future = Date.now() + 3_600_000;
    await commandsOf(apps[0]!).set(LIMIT_KEYS.requests(tenant), `${future} 5.000`);
    for (let i = 0; i < 4; i++) await eventually('it is let through', () => allowed(quota.take(tenant)));
  });
});

describe('Open streams', () => {
  const openAll = async (app: INestApplicationContext, count: number) => {
    const given: (() => void)[] = [];
    await Promise.all(
      Array.from({ length: count }, () =>
        app
          .get(StreamQuota)
          .take(tenant)
          .then(
            (giveBack) => given.push(giveBack),
            (error: unknown) => {
              expect(error).toBeInstanceOf(TenantLimitError);
            },
          ),
      ),
    );
    return given;
  };

  it('two processes together have as many as the limit says, and what one gives back another gets', async () => {
    await limit({ open_streams: 20 });
    const [first, second] = await Promise.all(apps.map((app) => openAll(app, 30)));
    expect(first!.length + second!.length).toBe(20);
    expect(await openAll(apps[0]!, 1)).toEqual([]);
    for (const giveBack of [...first!, ...second!]) giveBack();
    // Given back twice is given back once.
    for (const giveBack of [...first!, ...second!]) giveBack();
    let all: (() => void)[] = [];
    await eventually('the second has all of them', async () => {
      all.push(...(await openAll(apps[1]!, 20 - all.length)));
      return all.length === 20;
    });
    expect(await openAll(apps[0]!, 1)).toEqual([]);
    for (const giveBack of all) giveBack();
    all = [];
  });

  it('of many they have it within a tenth', async () => {
    await limit({ open_streams: 1000 });
    const given: (() => void)[] = [];
    for (let round = 0; round < 12; round++)
      for (const some of await Promise.all(apps.map((app) => openAll(app, 50)))) given.push(...some);
    expect(given.length).toBeLessThanOrEqual(1000);
    expect(given.length).toBeGreaterThanOrEqual(900);
    for (const giveBack of given) giveBack();
  });

  it('those that were opened before there was a limit count, and are not cut', async () => {
    const given = await openAll(apps[0]!, 10);
    expect(given).toHaveLength(10);
    await limit({ open_streams: 5 });
    await eventually('the other process is refused', async () => {
      const one = await openAll(apps[1]!, 1);
      for (const giveBack of one) giveBack();
      return one.length === 0;
    });
    for (const giveBack of given) giveBack();
    await eventually('there is room', async () => (await openAll(apps[1]!, 1)).length === 1);
  });

  it('T290 a process that died has them until its lease ends, and a lease from the future is none', async () => {
    await limit({ open_streams: 2 });
    const key = LIMIT_KEYS.streams(tenant);
    const commands = commandsOf(apps[0]!);
    await commands.hset(key, { 'one that died': `2 ${Date.now() + 1500}` });
    expect(await openAll(apps[0]!, 1)).toEqual([]);
    await eventually('they are free', async () => (await openAll(apps[0]!, 1)).length === 1);
    await commands.hset(key, { 'of another clock': `2 ${Date.now() + 3_600_000}` });
    await eventually('it does not count', async () => (await openAll(apps[1]!, 1)).length === 1);
  });

  it('a process that stops gives them back at once', async () => {
    await limit({ open_streams: 1 });
    const third = await start();
    expect(await openAll(third, 1)).toHaveLength(1);
    expect(await openAll(apps[0]!, 1)).toEqual([]);
    await third.close();
    expect(await commandsOf(apps[0]!).hlen(LIMIT_KEYS.streams(tenant))).toBe(0);
  });
});

describe('While Redis is away', () => {
  let redis: RedisServer;
  let app: INestApplicationContext;
  beforeAll(async () => {
    redis = await startRedis({ appendOnly: true });
    app = await start(redis.url, 500);
  });
  afterAll(async () => {
    await app.close();
    await redis.stop();
  });

  it('T294 requests and streams are let through, and limits hold again once it is back', async () => {
    await app.get(TenantLimits).set(tenant, { requests_per_second: 1, open_streams: 1 });
    const requests = app.get(RequestQuota);
    const streams = app.get(StreamQuota);
    await requests.take(tenant);
    expect(await allowed(requests.take(tenant))).toBe(false);
    const giveBack = await streams.take(tenant);
    await redis.kill();
    await eventually('a request is let through', () => allowed(requests.take(tenant)));
    for (let i = 0; i < 20; i++) await eventually('and another', () => allowed(requests.take(tenant)));
    const another: (() => void)[] = [];
    await eventually('a stream is, too', () =>
      allowed(streams.take(tenant).then((one) => another.push(one))),
    );
    await redis.restart();
    await eventually('Redis is back', () =>
      app
        .get(RedisConnections)
        .ping()
        .then(
          () => true,
          () => false,
        ),
    );
    await eventually('requests are refused', async () => {
      return (await Promise.all([1, 2, 3].map(() => allowed(requests.take(tenant))))).includes(false);
    });
    await eventually('streams are refused', async () => !(await allowed(streams.take(tenant))));
    for (const one of [giveBack, ...another]) one();
    // Limits are in Redis, and there after a restart.
    expect(await app.get(TenantLimits).own(tenant)).toEqual({ requests_per_second: 1, open_streams: 1 });
  });

  it('T294 a Redis that answers nothing does not make requests wait for limits', async () => {
    const patient = await start(redis.url, 60_000);
    redis.pause();
    try {
      const began = performance.now();
      const found = await patient.get(TenantLimits).of(uniqueTenant());
      expect(found.values).toEqual({});
      // Less than the command's own time limit.
      expect(performance.now() - began).toBeLessThan(30_000);
    } finally {
      redis.resume();
      await patient.close();
    }
  });
});

describe('While this process stands still', () => {
  it('what Redis has answered meanwhile holds', async () => {
    await limit({ active_runs: 3 });
    const asked = apps[1]!.get(TenantLimits).of(tenant);
    const until = performance.now() + 600;
    while (performance.now() < until);
    expect((await asked).values).toEqual({ active_runs: 3 });
  });
});

describe('What is told of limits', () => {
  it('names the ten tenants that were refused most, and no others', async () => {
    const quota = apps[0]!.get(RequestQuota);
    const tenants = Array.from({ length: 12 }, () => uniqueTenant());
    for (const [i, one] of tenants.entries()) {
      await limit({ requests_per_second: 1 }, one);
      for (let n = 0; n < 50 + 10 * i; n++) await allowed(quota.take(one));
    }
    const values = await metric(apps[0]!, 'runstream_limited_tenants_total');
    expect(values).toHaveLength(10);
    expect(values.map(({ labels }) => labels['tenant'])).toContain(tenants[11]);
    expect(values.map(({ labels }) => labels['tenant'])).not.toContain(tenants[0]);
  });
});

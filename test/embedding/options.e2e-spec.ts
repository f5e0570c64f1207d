import { afterEach, describe, expect, it } from '@jest/globals';
import { type DynamicModule, Global, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Redis, type RedisOptions as IoredisOptions } from 'ioredis';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics, register, Registry } from 'prom-client';
import { AuthModule, CredentialTenantResolver } from '../../src/auth/index.js';
import { ConfigError } from '../../src/config/index.js';
import { configureRunstream } from '../../src/configure-runstream.js';
import { ConsumerModule } from '../../src/consumer/index.js';
import { EventStoreModule } from '../../src/event-store/index.js';
import { RunstreamHealth } from '../../src/health/index.js';
import { AdmissionModule, EdgeModule } from '../../src/http/index.js';
import { MetricsModule } from '../../src/metrics/index.js';
import { OperationsModule } from '../../src/operations/index.js';
import { RedisModule } from '../../src/redis/index.js';
import { RunsModule } from '../../src/runs/index.js';
import { RunstreamModule } from '../../src/runstream.module.js';
import type { RunstreamOptions, RunstreamOptionsFactory } from '../../src/runstream-options.js';
import { TenancyModule } from '../../src/tenancy/index.js';
import { testRedisUrl } from '../support/redis.js';
import { ask } from './host.js';

let app: NestExpressApplication | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

async function start(...imports: (DynamicModule | (new () => object))[]): Promise<string> {
  @Module({ imports })
  class AppModule {}

  app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  return `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
}

@Injectable()
class Settings {
  readonly redisUrl = testRedisUrl();
}

@Global()
@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Injectable()
class FromSettings implements RunstreamOptionsFactory {
  constructor(private readonly settings: Settings) {}

  async create(): Promise<RunstreamOptions> {
    await Promise.resolve();
    return { redis: { url: this.settings.redisUrl } };
  }
}

@Module({ providers: [FromSettings], exports: [FromSettings] })
class OptionsModule {}

const works = async (url: string) => {
  const { status, body } = await ask(`${url}/runs`, { json: { task: 'x' } });
  expect([status, body['status']]).toEqual([201, 'running']);
};

describe('L5 options that are known only once the application is made', () => {
  it('from a factory, a class, a provider', async () => {
    const inject = [Settings];
    const useFactory = ({ redisUrl }: Settings) => Promise.resolve({ redis: { url: redisUrl } });
    await works(await start(SettingsModule, RunstreamModule.forRootAsync({ inject, useFactory })));
    await app?.close();
    await works(await start(SettingsModule, RunstreamModule.forRootAsync({ useClass: FromSettings })));
    await app?.close();
    const useExisting = { imports: [OptionsModule], useExisting: FromSettings };
    await works(await start(SettingsModule, RunstreamModule.forRootAsync(useExisting)));
  });

  it('with event types of a module of its own', async () => {
    const url = await start(
      RunstreamModule.forRootAsync({ useFactory: () => ({ redis: { url: testRedisUrl() } }) }),
      RunstreamModule.forFeature({ types: ['build.*'] }),
    );
    const { body } = await ask(`${url}/runs`, { json: { task: 'x' } });
    const event = { event: { category: 'build', action: 'started' }, data: {} };
    expect((await ask(`${url}/runs/${String(body['id'])}/events`, { json: event })).status).toBe(201);
  });

  it('routes stand beside the factory; those of keys need their mode', async () => {
    const redis = { url: testRedisUrl() };
    const routes = { keys: true, session: true, health: true, metrics: true };
    const url = await start(RunstreamModule.forRootAsync({ routes, useFactory: () => ({ redis }) }));
    expect((await ask(`${url}/health/ready`)).body).toMatchObject({ status: 'ok' });
    expect((await ask(`${url}/metrics`)).body['text']).toContain('runstream_redis_up{shard="0"} 1');
    expect((await ask(`${url}/keys`)).body).toMatchObject({ statusCode: 404, message: 'Cannot GET /keys' });
    expect((await ask(`${url}/session`)).body).toMatchObject({ auth_mode: 'none', tenant_id: 'default' });
    await app?.close();
    const keyed = { redis, auth: { mode: 'api-key' as const } };
    const closed = await start(RunstreamModule.forRootAsync({ routes, useFactory: () => keyed }));
    expect((await ask(`${closed}/keys`)).body).toMatchObject({ code: 'UNAUTHORIZED' });
    const within = { redis, routes: {} } as RunstreamOptions;
    await expect(start(RunstreamModule.forRootAsync({ useFactory: () => within }))).rejects.toThrow(
      /routes must stand beside useFactory/,
    );
  });

  it('a guest has no routes but those of runs, events and consumers', async () => {
    const url = await start(RunstreamModule.forRoot({ redis: { url: testRedisUrl() } }));
    for (const path of ['/health/live', '/metrics', '/keys', '/session', '/docs'])
      expect([path, (await ask(url + path)).body['statusCode']]).toEqual([path, 404]);
    for (const path of ['/runs', '/events', '/consumers', '/dead-letters'])
      expect([path, (await ask(url + path)).status]).toEqual([path, 200]);
    await app?.close();
    const none = { runs: false, events: false, consumers: false };
    const silent = await start(RunstreamModule.forRoot({ redis: { url: testRedisUrl() }, routes: none }));
    for (const path of ['/runs', '/events', '/consumers'])
      expect([path, (await ask(silent + path)).status]).toEqual([path, 404]);
  });
});

describe('L6 options that are wrong', () => {
  const wrong: [unknown, RegExp][] = [
    [{ events: { maxLength: NaN } }, /events\.maxLength must be a whole number of events from 1 up/],
    [{ events: { maxLenght: 5 } }, /There is no option "events\.maxLenght"/],
    [{ events: { ttlSeconds: 100, runTtlSeconds: 10 } }, /runTtlSeconds is less than events\.ttlSeconds/],
    [{ redis: { url: undefined } }, /redis: give one of url, cluster, options and connect/],
    [{ redis: { url: '' } }, /redis\.url must be redis:\/\/host:6379/],
    [{ redis: undefined }, /redis: give one of/],
    [{ http: { maxRequestBytes: NaN } }, /http\.maxRequestBytes must be a whole number of bytes/],
    [{ http: { maxRequestBytes: Infinity } }, /http\.maxRequestBytes/],
    [{ http: { corsOrigins: ['app.example.com'] } }, /http\.corsOrigins must be a list of origins/],
    [{ auth: { mode: 'api_key' } }, /auth\.mode must be .*api-key/],
    [{ tenancy: { enabled: 'yes' } }, /tenancy\.enabled must be true or false/],
    [{ admission: { maxWaits: '5' } }, /admission\.maxWaits must be/],
    [{ consumer: { maxHeldBytes: 0 } }, /consumer\.maxHeldBytes must be/],
    [{ runs: { retryMs: 2 ** 31 } }, /runs\.retryMs must be/],
    [{ executors: { outageBufferBytes: -1 } }, /executors\.outageBufferBytes must be/],
    [{ metrics: { port: 70_000 } }, /metrics\.port must be/],
    [{ redsi: {} }, /There is no option "redsi"/],
    [{ events: [] }, /events must be an object/],
  ];

  it.each(wrong)('%j', async (part, sentence) => {
    const options = { redis: { url: testRedisUrl() }, ...(part as object) } as RunstreamOptions;
    await expect(start(RunstreamModule.forRoot(options))).rejects.toThrow(sentence);
  });

  it('all at once, and no password', async () => {
    const options = {
      redis: { url: 'http://user:secret@redis' },
      events: { maxLength: 0 },
      runs: { retryMs: -1 },
    };
    const error: unknown = await start(RunstreamModule.forRootAsync({ useFactory: () => options })).catch(
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof ConfigError)) throw error;
    expect(error.problems).toHaveLength(3);
    expect(error.message).not.toContain('secret');
  });

  it('of configureRunstream()', async () => {
    await start(RunstreamModule.forRoot({ redis: { url: testRedisUrl() } }));
    const other = app;
    expect(() => {
      configureRunstream(other!, { maxRequestBytes: NaN });
    }).toThrow(/http\.maxRequestBytes must be a whole number of bytes/);
  });

  it('of a module that is imported by itself', async () => {
    const redis = RedisModule.forRoot({ url: testRedisUrl() });
    await expect(start(redis, EventStoreModule.forRoot({ maxLength: 1.5 }))).rejects.toThrow(
      /events\.maxLength/,
    );
    await expect(start(RedisModule.forRootAsync({ useFactory: () => ({}) }))).rejects.toThrow(/redis: give/);
  });
});

describe('L8 the modules one by one', () => {
  const store = () => [
    RedisModule.forRoot({ url: testRedisUrl() }),
    EventStoreModule.forRoot(),
    TenancyModule.forRoot(),
  ];
  const http = () => [
    RedisModule.forRoot({ url: testRedisUrl() }),
    EventStoreModule.forRoot(),
    TenancyModule.forRoot({}, CredentialTenantResolver),
    AuthModule.forRoot(),
    AdmissionModule.forRoot(),
    EdgeModule.forRoot(),
    ConsumerModule.forRoot(),
  ];

  it('handlers only', async () => {
    await start(...store(), ConsumerModule.forRoot());
  });

  it('runs', async () => {
    await works(await start(...http(), RunsModule.forRoot()));
  });

  it('runs and operations', async () => {
    const url = await start(...http(), RunsModule.forRoot({ routes: { events: false } }), OperationsModule);
    await works(url);
    expect((await ask(`${url}/consumers`)).status).toBe(200);
    expect((await ask(`${url}/events`)).status).toBe(404);
  });

  it('all of them with factories', async () => {
    const nothing = { useFactory: () => ({}) };
    await works(
      await start(
        RedisModule.forRootAsync({ useFactory: () => ({ url: testRedisUrl() }) }),
        EventStoreModule.forRootAsync(nothing),
        TenancyModule.forRootAsync({ ...nothing, resolver: CredentialTenantResolver }),
        AuthModule.forRootAsync(nothing),
        AdmissionModule.forRootAsync(nothing),
        EdgeModule.forRootAsync(nothing),
        ConsumerModule.forRootAsync(nothing),
        MetricsModule.forRootAsync(nothing),
        RunsModule.forRootAsync(nothing),
      ),
    );
  });
});

describe('what an application has already', () => {
  it('L14 a client of its own for each purpose, or options of ioredis', async () => {
    const made: string[] = [];
    const { hostname, port } = new URL(testRedisUrl());
    const address = { host: hostname, port: Number(port) };
    await works(
      await start(
        RunstreamModule.forRoot({
          redis: {
            connect: (purpose, options) => {
              made.push(purpose);
              return new Redis({ ...address, ...options });
            },
          },
        }),
      ),
    );
    expect(made.sort()).toEqual(['commands', 'reads', 'subscriber']);
    await app?.close();
    await works(await start(RunstreamModule.forRoot({ redis: { options: address } })));
  });

  it.each([
    [
      'a prefix of keys',
      (options: IoredisOptions) => ({ ...options, keyPrefix: 'app:' }),
      /set redis\.keyPrefix/,
    ],
    [
      'options of its own',
      ({ lazyConnect }: IoredisOptions) => ({ lazyConnect }),
      /enableOfflineQueue, .*are others/,
    ],
  ])('a client with %s is refused at the start', async (_, made, sentence) => {
    const connect = (_purpose: string, options: IoredisOptions) => new Redis(testRedisUrl(), made(options));
    await expect(start(RunstreamModule.forRoot({ redis: { connect } }))).rejects.toThrow(sentence);
  });

  it('L13 a registry of metrics, and collectDefaultMetrics() when it likes', async () => {
    const registry = new Registry();
    await start(RunstreamModule.forRoot({ redis: { url: testRedisUrl() }, metrics: { registry } }));
    expect(register.getSingleMetric('process_cpu_seconds_total')).toBeUndefined();
    collectDefaultMetrics({ register: registry });
    const text = await registry.metrics();
    expect(text).toContain('runstream_redis_up{shard="0"} 1');
    expect(text).toContain('process_cpu_seconds_total');
  });

  it('an indicator of health for terminus', async () => {
    await start(RunstreamModule.forRoot({ redis: { url: testRedisUrl() } }));
    const health = app?.get(RunstreamHealth, { strict: false });
    expect(await health?.isHealthy()).toEqual({
      runstream: { status: 'up', redis: 'up', capacity: 'up' },
    });
  });

  it('two applications in one process', async () => {
    const first = await start(RunstreamModule.forRoot({ redis: { url: testRedisUrl() } }));
    const other = app;
    await works(await start(RunstreamModule.forRoot({ redis: { url: testRedisUrl() } })));
    await works(first);
    await other?.close();
  });
});

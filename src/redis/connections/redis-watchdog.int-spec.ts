import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext, LoggerService } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { eventually } from '../../../test/support/eventually.js';
import { type RedisServer, startRedis } from '../../../test/support/redis.js';
import { subscriberOf } from '../../../test/support/subscriber.js';
import { startTcpProxy, type TcpProxy } from '../../../test/support/tcp-proxy.js';
import { RedisUnavailableError } from '../../common/index.js';
import { RedisConnections, RedisModule, RedisWatchdog } from '../index.js';

/** Longer than the watchdog needs to find a connection dead, and to have another. */
const SOON_MS = 10_000;

describe('The watch over Redis', () => {
  const said: string[] = [];
  const note = (message: unknown, ...more: unknown[]) => {
    // On a busy machine 300 ms are too short for it.
    const isOfTheCheck = String(message).includes('could not be checked');
    if (more.at(-1) === 'Redis' && !isOfTheCheck) said.push(String(message));
  };
  const logger: LoggerService = { log: note, warn: note, error: note };
  let server: RedisServer;
  let proxy: TcpProxy;
  let app: INestApplicationContext;
  let watchdog: RedisWatchdog;
  let connections: RedisConnections;
  let direct: Redis;

  beforeAll(async () => {
    server = await startRedis();
    proxy = await startTcpProxy(server.port);
    direct = new Redis(server.url);
    const module = await Test.createTestingModule({
      imports: [RedisModule.forRoot({ url: `redis://127.0.0.1:${proxy.port}`, commandTimeoutMs: 300 })],
    })
      .setLogger(logger)
      .compile();
    app = await module.init();
    watchdog = app.get(RedisWatchdog);
    connections = app.get(RedisConnections);
    await is('up');
  });
  afterAll(async () => {
    direct.disconnect();
    await app.close();
    await proxy.close();
    await server.stop();
  });

  const is = (state: string) => eventually(`Redis is ${state}`, () => watchdog.state === state, SOON_MS);

  it('T23 finds a frozen server, says so once, and holds nobody for dead that could not show a sign of life', async () => {
    said.length = 0;
    server.pause();
    await is('away');
    await expect(watchdog.probe()).rejects.toThrow(RedisUnavailableError);
    server.resume();
    await is('up');
    expect(said).toEqual(['Redis is away: trying again until it answers.', 'Redis is back.']);
    expect(await connections.hasBeenSteadyFor(60_000, 'any')).toBe(false);
    expect(watchdog.shards.map(({ connectedForMs }) => connectedForMs < SOON_MS)).toEqual([true]);
  });

  it('finds a server that is full, and one that is read-only', async () => {
    said.length = 0;
    await direct.config('SET', 'maxmemory', '1');
    await is('refusing');
    await direct.config('SET', 'maxmemory', '0');
    await is('up');
    await direct.replicaof('127.0.0.1', '1');
    await is('refusing');
    await direct.replicaof('NO', 'ONE');
    await is('up');
    expect(said).toEqual([
      expect.stringMatching(/^Redis takes no writes: OOM/),
      'Redis is back.',
      expect.stringMatching(/^Redis takes no writes: READONLY/),
      'Redis is back.',
    ]);
  });

  it('T15 replaces connections whose peer is gone without a word, and those that are made meanwhile', async () => {
    const subscriber = subscriberOf(connections);
    const heard: string[] = [];
    await connections.channels.subscribe('a channel', { receive: (message) => heard.push(message) });
    proxy.halfOpen('both');
    await is('away');
    // Long enough for new connections to be made, which nobody answers either.
    await eventually('the subscriber tries again', () => subscriber.status === 'connect', SOON_MS);
    proxy.halfOpen(false);
    await is('up');
    await eventually('the subscriber is there', () => subscriber.status === 'ready', SOON_MS);
    await eventually('it hears', async () => {
      await direct.spublish('a channel', 'hello');
      return heard.includes('hello');
    });
  });
});

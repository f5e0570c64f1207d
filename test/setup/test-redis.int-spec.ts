import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { startRedis, testRedisUrl, type RedisServer } from '../support/redis.js';

function connect(url: string, commandTimeout?: number): Redis {
  const redis = new Redis(url, { commandTimeout, retryStrategy: () => 20 });
  redis.on('error', () => undefined);
  return redis;
}

describe('the Redis of a test run', () => {
  it('is shared, evicts nothing and writes no files', async () => {
    const redis = connect(testRedisUrl());
    try {
      expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
      expect(await redis.config('GET', 'appendonly')).toEqual(['appendonly', 'no']);
      expect(await redis.config('GET', 'save')).toEqual(['save', '']);
    } finally {
      redis.disconnect();
    }
  });
});

describe('a Redis of a test’s own', () => {
  let server: RedisServer;
  let redis: Redis;

  beforeAll(async () => {
    server = await startRedis({ appendOnly: true });
    redis = connect(server.url);
  });

  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('comes back after a kill with the same address and data', async () => {
    await redis.set('kept', 'yes');
    const before = server.pid;
    await server.kill();
    await server.restart();
    expect(server.pid).not.toBe(before);
    expect(await redis.get('kept')).toBe('yes');
  });

  it('answers nothing while paused, and goes on where it was', async () => {
    const impatient = connect(server.url, 300);
    try {
      await once(impatient, 'ready');
      server.pause();
      await expect(impatient.get('kept')).rejects.toThrow('timed out');
      server.resume();
      expect(await redis.get('kept')).toBe('yes');
    } finally {
      impatient.disconnect();
    }
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RedisServer, startRedis } from '../../../test/support/redis.js';
import { isCluster } from './redis-client.js';
import { RedisConnections } from './redis-connections.js';

describe('A connection to a frozen server', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  it('keeps nobody waiting once it was given up: such a server never closes its side', async () => {
    const connections = new RedisConnections({ url: server.url, commandTimeoutMs: 60_000 });
    await connections.start();
    const { commands } = connections;
    server.pause();
    const asked = commands.get('any');
    const began = performance.now();
    if (!isCluster(commands)) commands.disconnect(true);
    await expect(asked).rejects.toThrow(/closed|max retries/i);
    // ioredis would wait for two seconds.
    expect(performance.now() - began).toBeLessThan(1900);
    server.resume();
    connections.disconnect();
  });
});

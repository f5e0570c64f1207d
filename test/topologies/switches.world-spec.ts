import { afterEach, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import type { Redis } from 'ioredis';
import { RedisConnections, RedisModule, type RedisOptions, RedisWatchdog } from '../../src/redis/index.js';
import { eventually } from '../support/eventually.js';
import { type RedisBed, startRedisBed } from '../support/redis-bed.js';
import { startRedisCluster } from '../support/redis-cluster.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { testLogger } from '../support/test-logger.js';

const KEY = 'runstream:{0}:runs';

describe('Connections to servers that take over from each other', () => {
  const undo: (() => unknown)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  });

  async function bedOf(topology: 'sentinel' | 'cluster'): Promise<RedisBed> {
    const bed = await startRedisBed(topology);
    undo.push(() => bed.stop());
    return bed;
  }

  async function connect(
    options: RedisOptions,
  ): Promise<{ connections: RedisConnections; watchdog: RedisWatchdog }> {
    const module = await Test.createTestingModule({ imports: [RedisModule.forRoot(options)] })
      .setLogger(testLogger)
      .compile();
    const app = await module.init();
    undo.push(() => app.close());
    const watchdog = app.get(RedisWatchdog);
    await eventually('Redis is up', () => watchdog.state === 'up');
    return { connections: app.get(RedisConnections), watchdog };
  }

  it('T299 a shard that another node took over as planned is steady again, though nobody missed an answer', async () => {
    const bed = await bedOf('cluster');
    const { connections } = await connect(bed.options);
    const former = await bed.masterOf(KEY);
    let told = 0;
    connections.whenReady(() => told++);
    for (const server of bed.servers) {
      const [role, , port] = await bed.at(server).role();
      if (role === 'slave' && port === former.port) await bed.at(server).cluster('FAILOVER');
    }
    const shard = connections.shards.of(KEY);
    await eventually('its new master is known', () => shard?.address !== `127.0.0.1:${former.port}`);
    await eventually('it is steady', () => (shard?.connectedForMs ?? 0) > 0, 10_000);
    // Feeds and handlers look for what they may have missed.
    expect(told).toBeGreaterThan(0);
  });

  it('the new master of a shard is looked for again and again while the shard does not serve', async () => {
    const bed = await startRedisCluster({ masters: 3, replicas: 0 });
    undo.push(() => bed.stop());
    const nodes = bed.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    const { connections, watchdog } = await connect({ cluster: { nodes } });
    bed.nodes[0]?.pause();
    await eventually('one is missed', () => watchdog.state === 'away');
    const looks: number[] = [];
    connections.commands.on('refresh', () => looks.push(performance.now()));
    await eventually('it has looked some times', () => looks.length >= 6);
    // With the rounds of the watchdog it would be three seconds for each.
    expect((looks[5] ?? 0) - (looks[0] ?? 0)).toBeLessThan(9000);
    bed.nodes[0]?.resume();
    await eventually('all are there', () => watchdog.state === 'up');
  });

  it('a frozen Sentinel keeps nobody from the master, neither at the start nor after a failover', async () => {
    const bed = await bedOf('sentinel');
    const [first] = bed.sentinels?.watchers ?? [];
    first?.pause();
    undo.push(() => first?.resume());
    const { connections, watchdog } = await connect(bed.options);
    await bed.servers[0]?.kill();
    await eventually('it is missed', () => watchdog.state === 'away');
    await eventually('the next master is found', () => watchdog.state === 'up', 60_000);
    await expect(connections.commands.set(KEY, '1')).resolves.toBe('OK');
  });

  it('T298 a client that ends because a failover is told of while it asks a Sentinel begins again', async () => {
    const bed = await bedOf('sentinel');
    const { connections, watchdog } = await connect(bed.options);
    const redis = connections.commands as Redis;
    const ended = new Promise((resolve) => redis.once('end', resolve));
    // As the listener to +switch-master does, at the one moment that ioredis takes it amiss.
    const { connector } = redis as unknown as { connector: { disconnect(): void } };
    redis.once('connecting', () => setImmediate(() => connector.disconnect()));
    redis.disconnect(true);
    await ended;
    await eventually('it is there again', () => redis.status === 'ready' && watchdog.state === 'up', 20_000);
  });

  it('a cluster all of whose nodes have other addresses is found by the one that was configured', async () => {
    const former = await startRedisCluster();
    const next = await startRedisCluster({ masters: 3, replicas: 0 });
    undo.push(() => next.stop());
    let now = former.nodes[0]?.port;
    const known = await startTcpProxy(() => now);
    undo.push(() => known.close());
    const { connections, watchdog } = await connect({
      cluster: { nodes: [{ host: '127.0.0.1', port: known.port }] },
    });
    now = next.nodes[0]?.port;
    await former.stop();
    await eventually('they are gone', () => watchdog.state === 'away');
    await eventually('the others are found', () => watchdog.state === 'up', 30_000);
    await expect(connections.commands.set(KEY, '1')).resolves.toBe('OK');
  });
});

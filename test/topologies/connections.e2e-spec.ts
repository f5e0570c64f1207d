import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import slotOf from 'cluster-key-slot';
import { fileURLToPath } from 'node:url';
import { RedisConnections } from '../../src/redis/index.js';
import { eventually } from '../support/eventually.js';
import { checkServers } from '../../src/redis/connections/server-check.js';
import { startRedis, type RedisServer } from '../support/redis.js';
import { startRedisCluster, type RedisCluster } from '../support/redis-cluster.js';
import { type RedisSentinels, SENTINEL_NAME, startRedisSentinels } from '../support/redis-sentinels.js';
import { serveHere, startService } from '../support/service.js';

describe('A Redis of another kind than the one that is configured', () => {
  let single: RedisServer;
  let cluster: RedisCluster;
  let sentinels: RedisSentinels;
  beforeAll(async () => {
    [single, cluster, sentinels] = await Promise.all([
      startRedis(),
      startRedisCluster({ masters: 3, replicas: 0 }),
      startRedisSentinels({ replicas: 1 }),
    ]);
  });
  afterAll(() => Promise.all([single.stop(), cluster.stop(), sentinels.stop()]));

  const address = (url: string) => url.replace('redis://', '');
  const firstOf = (addresses: string) => addresses.split(',')[0] ?? '';

  it.each<[string, () => NodeJS.ProcessEnv, RegExp]>([
    [
      'a node of a cluster',
      () => ({ REDIS_URL: cluster.nodes[0]?.url }),
      /is a node of a cluster: set REDIS_CLUSTER/,
    ],
    [
      'a Sentinel',
      () => ({ REDIS_URL: `redis://${firstOf(sentinels.addresses)}` }),
      /is the address of a Sentinel: set REDIS_SENTINELS/,
    ],
    ['no cluster', () => ({ REDIS_CLUSTER: address(single.url) }), /is no cluster: set REDIS_URL/],
    [
      'no Sentinel',
      () => ({ REDIS_SENTINELS: address(single.url), REDIS_SENTINEL_NAME: SENTINEL_NAME }),
      /is no Sentinel: set REDIS_URL/,
    ],
    [
      'a Sentinel that does not know the name',
      () => ({ REDIS_SENTINELS: sentinels.addresses, REDIS_SENTINEL_NAME: 'others' }),
      /know no master of this name: set REDIS_SENTINEL_NAME/,
    ],
  ])('ends the start with one sentence: %s', async (_, env, sentence) => {
    await expect(serveHere(env())).rejects.toThrow(sentence);
  });

  it('a channel whose slot nobody has at the moment is heard once somebody has it', async () => {
    const slot = slotOf('some channel');
    const owner = cluster.client(await cluster.ownerOf(slot));
    const [first] = cluster.addresses.split(',');
    const [host = '', port] = first?.split(':') ?? [];
    const redis = new RedisConnections({ cluster: { nodes: [{ host, port: Number(port) }] } });
    await redis.start();
    try {
      // Its connection is there before the slot is gone.
      await redis.channels.subscribe('{some channel}', { receive: () => undefined });
      await owner.cluster('DELSLOTS', slot);
      const heard: string[] = [];
      let isSubscribed = false;
      const subscribed = redis.channels.subscribe('some channel', { receive: (text) => heard.push(text) });
      void subscribed.then(() => (isSubscribed = true));
      await expect(owner.spublish('some channel', 'lost')).rejects.toThrow(/CLUSTERDOWN|MOVED/);
      expect(isSubscribed).toBe(false);
      await owner.cluster('ADDSLOTS', slot);
      await subscribed;
      await owner.spublish('some channel', 'heard');
      await eventually('it is heard', () => heard.includes('heard'));
    } finally {
      redis.disconnect();
    }
  });

  it('a replica, and a master that goes on without its replicas, are warned of', async () => {
    const [master, replica] = sentinels.servers.map((server) => sentinels.client(server));
    const warningsOf = async (redis = master) =>
      redis ? (await checkServers('sentinel', [redis])).warnings : [];
    expect(await warningsOf()).toEqual([expect.stringMatching(/min-replicas-to-write is 0/)]);
    expect(await warningsOf(replica)).toEqual([expect.stringMatching(/is a replica/)]);
    await master?.config('SET', 'min-replicas-to-write', '1');
    expect(await warningsOf()).toEqual([]);
  });

  it('a Sentinel that is gone is told of once, in our own words', async () => {
    const gone = sentinels.watchers[2];
    await gone?.stop();
    const service = await startService({
      REDIS_SENTINELS: sentinels.addresses,
      REDIS_SENTINEL_NAME: SENTINEL_NAME,
    });
    await service.child.line(new RegExp(`The Sentinel 127.0.0.1:${gone?.port} is away`));
    await service.stop();
    expect(service.child.lines.filter((line) => line.includes('is away'))).toHaveLength(1);
    expect(service.child.lines.join('\n')).not.toMatch(/Unhandled|ECONNREFUSED/);
  });

  it.each<[NodeJS.ProcessEnv, RegExp]>([
    [
      { REDIS_URL: 'redis://r', REDIS_CLUSTER: 'r:1' },
      /only one of REDIS_URL, REDIS_SENTINELS and REDIS_CLUSTER/,
    ],
    [{ REDIS_SENTINELS: 'r:1' }, /REDIS_SENTINEL_NAME is not set/],
    [{ REDIS_CLUSTER: 'r' }, /REDIS_CLUSTER is "r": set it to a list of addresses/],
    [{ REDIS_CLUSTER: 'r:1', REDIS_NAT_MAP: 'r:1' }, /REDIS_NAT_MAP is "r:1": set it to/],
    [{ REDIS_PASSWORD_FILE: '/nowhere' }, /REDIS_PASSWORD_FILE: \/nowhere: it can't be read/],
    [{ REDIS_TLS_CERT: fileURLToPath(import.meta.url) }, /REDIS_TLS_CERT and REDIS_TLS_KEY belong together/],
  ])('settings that do not go together: %j', async (env, sentence) => {
    await expect(serveHere(env)).rejects.toThrow(sentence);
  });
});

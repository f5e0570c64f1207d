import slotOf from 'cluster-key-slot';
import { Cluster, Redis } from 'ioredis';
import type { RedisClient, RedisOptions, RedisTopology } from '../../src/redis/index.js';
import { type RedisServer, startRedis, type StartRedisOptions } from './redis.js';
import { type RedisCluster, startRedisCluster } from './redis-cluster.js';
import { type RedisSentinels, SENTINEL_NAME, startRedisSentinels } from './redis-sentinels.js';

/** Servers of a test's own, of any topology. */
export interface RedisBed {
  readonly topology: RedisTopology;
  readonly servers: readonly RedisServer[];
  /** As RedisModule takes it: plain data, which can travel to another process. */
  readonly options: RedisOptions;
  /** The same as the service takes it. */
  readonly env: NodeJS.ProcessEnv;
  /** The server that a key is on. */
  masterOf(key: string): Promise<RedisServer>;
  /** A client straight to one of the servers. */
  at(server: RedisServer): Redis;
  /** A client that waits and asks again. Its maker ends it. */
  patientClient(): RedisClient;
  readonly cluster?: RedisCluster;
  readonly sentinels?: RedisSentinels;
  stop(): Promise<void>;
}

/** @param single how the server is started where there is but one */
export async function startRedisBed(
  topology: RedisTopology,
  single: StartRedisOptions = {},
): Promise<RedisBed> {
  if (topology === 'cluster') return clusterBed(await startRedisCluster());
  if (topology === 'sentinel') return sentinelBed(await startRedisSentinels());
  return singleBed(await startRedis(single));
}

function singleBed(server: RedisServer): RedisBed {
  const client = quiet(new Redis(server.url, { maxRetriesPerRequest: 0, retryStrategy: () => 100 }));
  return {
    topology: 'single',
    servers: [server],
    options: { url: server.url },
    env: { REDIS_URL: server.url },
    masterOf: () => Promise.resolve(server),
    at: () => client,
    patientClient: () => quiet(new Redis(server.url, { maxRetriesPerRequest: null })),
    stop: () => {
      client.disconnect();
      return server.stop();
    },
  };
}

function sentinelBed(sentinels: RedisSentinels): RedisBed {
  const options = { sentinels: addresses(sentinels.addresses), name: SENTINEL_NAME };
  return {
    topology: 'sentinel',
    sentinels,
    servers: sentinels.servers,
    options: { options },
    env: { REDIS_SENTINELS: sentinels.addresses, REDIS_SENTINEL_NAME: SENTINEL_NAME },
    masterOf: () => sentinels.master(),
    at: (server) => sentinels.client(server),
    patientClient: () => quiet(new Redis({ ...options, maxRetriesPerRequest: null, failoverDetector: true })),
    stop: () => sentinels.stop(),
  };
}

function clusterBed(cluster: RedisCluster): RedisBed {
  const nodes = addresses(cluster.addresses);
  return {
    topology: 'cluster',
    cluster,
    servers: cluster.nodes,
    options: { cluster: { nodes } },
    env: { REDIS_CLUSTER: cluster.addresses },
    masterOf: (key) => cluster.ownerOf(slotOf(key)),
    at: (server) => cluster.client(server),
    patientClient: () => quiet(new Cluster(nodes, { slotsRefreshInterval: 1000 })),
    stop: () => cluster.stop(),
  };
}

function addresses(list: string): { host: string; port: number }[] {
  return list.split(',').map((one) => {
    const [host = '', port] = one.split(':');
    return { host, port: Number(port) };
  });
}

function quiet<T extends RedisClient>(client: T): T {
  client.on('error', () => undefined);
  return client;
}

import type { Cluster, Redis } from 'ioredis';

/** A client of one server or of a whole cluster: both take the same commands, and a cluster's finds the node by the key. */
export type RedisClient = Redis | Cluster;

export function isCluster(client: RedisClient): client is Cluster {
  return client.isCluster;
}

/** How Redis is reached. `single`: one server, whatever stands behind its address. */
export type RedisTopology = 'single' | 'sentinel' | 'cluster';

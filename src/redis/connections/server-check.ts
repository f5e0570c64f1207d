import type { Redis } from 'ioredis';
import type { RedisTopology } from './redis-client.js';

/** What Debian 12 ships; the first with sharded pub/sub. */
const MINIMUM_REDIS = 7.0;

export interface ServerCheck {
  /** Why it can't be used as it is configured. */
  problem?: string;
  /** What will lead to lost events, in words for the log. */
  warnings: string[];
}

/** Whether what answers is what was configured, and whether it keeps what it is given. */
export async function checkServers(topology: RedisTopology, masters: readonly Redis[]): Promise<ServerCheck> {
  const checks = await Promise.all(masters.map((redis) => checkServer(topology, redis)));
  const problem = checks.find((one) => one.problem !== undefined)?.problem;
  // Servers of one cluster are mostly set alike.
  const warnings = [...new Set(checks.flatMap((one) => one.warnings))];
  return { warnings, ...(problem !== undefined && { problem }) };
}

async function checkServer(topology: RedisTopology, redis: Redis): Promise<ServerCheck> {
  const warnings: string[] = [];
  const info = await redis.info('server');
  const mode = /^redis_mode:(\w+)/m.exec(info)?.[1];
  if (mode === 'sentinel') return { problem: IS_SENTINEL, warnings };
  if (mode === 'cluster' && topology !== 'cluster') return { problem: IS_CLUSTER, warnings };
  const redisVersion = /^redis_version:(\d+\.\d+)/m.exec(info)?.[1];
  if (redisVersion !== undefined && Number(redisVersion) < MINIMUM_REDIS) {
    warnings.push(`Redis ${redisVersion} is too old: use 7.0 or later, or Valkey 7.2 or later.`);
  }
  const policy = /^maxmemory_policy:(\S+)/m.exec(await redis.info('memory'))?.[1];
  if (policy !== undefined && policy !== 'noeviction') {
    warnings.push(
      `maxmemory-policy is "${policy}": under memory pressure Redis will DELETE RUNS AND EVENTS without a trace. ` +
        'Set it to noeviction.',
    );
  }
  const replication = await redis.info('replication');
  if (/^role:slave/m.test(replication)) {
    warnings.push(
      'This Redis is a replica, which takes no writes: set REDIS_URL to its master, or REDIS_SENTINELS.',
    );
  }
  if (/^connected_slaves:[1-9]/m.test(replication) && (await leastReplicas(redis)) === 0) {
    warnings.push(
      'This Redis has replicas, and min-replicas-to-write is 0: cut off from them it goes on taking events that are lost ' +
        'once a replica takes over. Set min-replicas-to-write to 1 and min-replicas-max-lag to 2.',
    );
  }
  return { warnings };
}

/** Undefined where nobody may ask, as with some hosted ones. */
async function leastReplicas(redis: Redis): Promise<number | undefined> {
  const answer = (await redis.config('GET', 'min-replicas-to-write').catch(() => [])) as string[];
  return answer[1] === undefined ? undefined : Number(answer[1]);
}

const IS_SENTINEL =
  'REDIS_URL is the address of a Sentinel: set REDIS_SENTINELS to it, and REDIS_SENTINEL_NAME (in code: redis.options.sentinels and name).';
const IS_CLUSTER =
  'This Redis is a node of a cluster: set REDIS_CLUSTER to its address in place of the other settings (in code: redis.cluster).';
const IS_NO_CLUSTER =
  'REDIS_CLUSTER is the address of a Redis that is no cluster: set REDIS_URL to it (in code: redis.url).';
const IS_NO_SENTINEL =
  'REDIS_SENTINELS is the address of a Redis that is no Sentinel: set REDIS_URL to it (in code: redis.url).';
const UNKNOWN_NAME =
  'The Sentinels know no master of this name: set REDIS_SENTINEL_NAME to the one in their `sentinel monitor` line.';

/** What an error of a client that can't connect tells of the kind of server it has met; undefined: nothing. */
export function topologyProblem(topology: RedisTopology, message: string): string | undefined {
  if (topology === 'cluster' && /cluster support disabled/i.test(message)) return IS_NO_CLUSTER;
  if (topology === 'cluster' && /unknown command.*'?cluster/i.test(message)) return IS_NO_CLUSTER;
  if (topology === 'sentinel' && /unknown command.*sentinel/i.test(message)) return IS_NO_SENTINEL;
  if (topology === 'sentinel' && /No such master with that name/i.test(message)) return UNKNOWN_NAME;
  return undefined;
}

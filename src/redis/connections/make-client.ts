import { Cluster, Redis, type RedisOptions as IoredisOptions } from 'ioredis';
import { ConfigError } from '../../config/index.js';
import type { RedisOptions, RedisPurpose } from '../redis-options.js';
import type { RedisClient, RedisTopology } from './redis-client.js';

/** What is written is gone in less. A frozen peer never closes its side, and what waits for its answers waits so long. */
const CLOSED_WITHIN_MS = 200;

/** Within this time all processes that live have found Redis again. */
export const MAX_RECONNECT_DELAY_MS = 1000;

export function topologyOf({ cluster, options }: RedisOptions): RedisTopology {
  if (cluster) return 'cluster';
  return options?.sentinels ? 'sentinel' : 'single';
}

/** What connections of every kind have in common, by what they are for. */
function needed(purpose: string, commandTimeoutMs: number): IoredisOptions {
  return {
    lazyConnect: true,
    connectionName: `runstream-${purpose}`,
    connectTimeout: commandTimeoutMs,
    disconnectTimeout: CLOSED_WITHIN_MS,
    autoResendUnfulfilledCommands: false,
    retryStrategy: retryDelayMs,
  };
}

/** For pub/sub: it is told of its reconnects, and subscribes again itself. */
export function subscriberOptions(commandTimeoutMs: number): IoredisOptions {
  return { ...needed('subscriber', commandTimeoutMs), maxRetriesPerRequest: null, autoResubscribe: false };
}

/**
 * The client for a purpose, not connected yet. Nothing is queued in it and nothing sent twice; what is on its way when a
 * connection breaks fails then, and not only when its time is up.
 *
 * @throws ConfigError
 */
export function makeClient(
  options: RedisOptions,
  purpose: RedisPurpose,
  special: IoredisOptions,
  commandTimeoutMs: number,
): RedisClient {
  const { cluster, keyPrefix } = options;
  const all = { ...needed(purpose, commandTimeoutMs), ...special };
  // Without a listener ioredis prints every failed attempt; one line for each change of state is enough.
  if (!cluster) return makeRedis(options, purpose, keyPrefix === undefined ? all : { ...all, keyPrefix });
  const { retryStrategy: _itsOwn, enableOfflineQueue: _none, lazyConnect: _too, ...ofNodes } = all;
  return new Cluster([...cluster.nodes], {
    lazyConnect: true,
    enableOfflineQueue: false,
    // A command whose connection closed may have been done. What a node refused to do is safe to send elsewhere.
    retryDelayOnFailover: 0,
    // Whoever asked is told at once; RedisWatchdog looks for the shard's new master meanwhile.
    retryDelayOnClusterDown: 0,
    clusterRetryStrategy: retryDelayMs,
    slotsRefreshTimeout: Math.min(commandTimeoutMs, 1000),
    ...(cluster.natMap && { natMap: cluster.natMap }),
    ...(keyPrefix !== undefined && { keyPrefix }),
    redisOptions: { ...(options.options as object), ...ofNodes },
  }).on('error', ignore);
}

/** One server's client, or that of the master that Sentinels name. @throws ConfigError */
export function makeRedis(
  { url, options, connect }: RedisOptions,
  purpose: RedisPurpose,
  needed: IoredisOptions,
): Redis {
  const all = options?.sentinels ? { ...needed, ...OF_SENTINEL } : needed;
  const connection = connect
    ? connect(purpose, all)
    : url === undefined
      ? new Redis({ ...options, ...all })
      : new Redis(url, { ...options, ...all });
  assertUsable(connection, all);
  return connection.on('error', ignore);
}

/** A master that was replaced says so in its answers, or says nothing: Sentinels tell of it. */
const OF_SENTINEL: IoredisOptions = {
  failoverDetector: true,
  reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  sentinelRetryStrategy: retryDelayMs,
  // A frozen Sentinel takes connections too; then the next one is asked.
  sentinelCommandTimeout: 1000,
};

/** Spreads the reconnects of many instances: between half of it and the whole. */
function retryDelayMs(attempt: number): number {
  const jitter = 0.5 + Math.random() / 2;
  return Math.min(50 * 2 ** Math.min(attempt, 6), MAX_RECONNECT_DELAY_MS) * jitter;
}

/**
 * With a prefix that only ioredis knows of, channels are not called as scripts call them, and nothing arrives live.
 *
 * @throws ConfigError for a client that is not as it must be
 */
function assertUsable(client: Redis, needed: IoredisOptions): void {
  const names = Object.keys(needed) as (keyof IoredisOptions)[];
  const ignored = names.filter((name) => name !== 'keyPrefix' && client.options[name] !== needed[name]);
  const problems = [
    ...((client.options.keyPrefix || undefined) === needed.keyPrefix
      ? []
      : ['redis: keyPrefix is for Runstream to know: set redis.keyPrefix, not that of a client.']),
    ...(ignored.length > 0
      ? [`redis.connect must make its client with the options it is given: ${ignored.join(', ')} are others.`]
      : []),
  ];
  if (problems.length === 0) return;
  client.on('error', ignore);
  client.disconnect();
  throw new ConfigError(problems);
}

function ignore(): void {
  // The retry strategy goes on, and RedisWatchdog logs the state.
}

import type { NatMap, Redis, RedisOptions as IoredisOptions } from 'ioredis';
import { defaultsOf } from '../config/index.js';

/** What a connection is for: commands, bulk reads, pub/sub. There may be more. @publicApi */
export type RedisPurpose = 'commands' | 'reads' | 'subscriber';

/** A Redis Cluster. @publicApi */
export interface RedisClusterOptions {
  /** Some of its nodes; the others are asked for. */
  nodes: readonly { host: string; port: number }[];
  /** Where nodes are found whose own addresses can't be reached from here: by `host:port`, as they call themselves. */
  natMap?: NatMap;
}

/** How RedisModule reaches its servers: by one of `url`, `cluster` and `connect`, or by `options` alone. @publicApi */
export interface RedisOptions {
  /** `redis://[user:password@]host:port[/db]`, `rediss://…`, or the path of a unix socket. */
  url?: string;
  /** A cluster in place of one server. */
  cluster?: RedisClusterOptions;
  /**
   * Options of ioredis, where an address does not say enough: credentials, a TLS object, `sentinels` and `name`. With
   * `cluster` they are those of each node. Not `keyPrefix`, which stands below.
   */
  options?: IoredisOptions;
  /**
   * Makes the client for a purpose. It must be made with `options`, and may have more of its own; Runstream connects it,
   * and disconnects it at the end. Not for a cluster.
   */
  connect?: (purpose: RedisPurpose, options: IoredisOptions) => Redis;
  /**
   * What all keys and channels begin with, so that several applications share a server: up to 64 letters, digits and
   * `.:_-`. Another prefix is another store. Default none.
   */
  keyPrefix?: string;
  /**
   * An append is answered once so many replicas have it; until then it fails as NOT_REPLICATED, and stays stored. Default
   * 0: as soon as the master has it.
   */
  appendMinReplicas?: number;
  /** How long an append waits for these replicas, in milliseconds. Default 500. */
  appendReplicasTimeoutMs?: number;
  /** After how many milliseconds a command without an answer fails. Default 2000. */
  commandTimeoutMs?: number;
  /**
   * Bytes that reads of much at once (pages of logs, lists) may bring at the same time; others wait their turn. Default
   * 8 388 608 (8 MiB), half of it for watchers that catch up.
   */
  maxBulkReadBytes?: number;
}

export const REDIS_OPTIONS = Symbol('REDIS_OPTIONS');
export const REDIS_DEFAULTS = defaultsOf('redis');

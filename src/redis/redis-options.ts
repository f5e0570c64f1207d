import type { Redis, RedisOptions as IoredisOptions } from 'ioredis';
import { defaultsOf } from '../config/index.js';

/** What a connection is for: commands, bulk reads, pub/sub. There may be more. @publicApi */
export type RedisPurpose = 'commands' | 'reads' | 'subscriber';

/** How RedisModule reaches its server: by one of `url`, `options` and `connect`. @publicApi */
export interface RedisOptions {
  /** `redis://[user:password@]host:port[/db]`, `rediss://…`, or the path of a unix socket. */
  url?: string;
  /** Options of ioredis, where an address does not say enough: a TLS object, credentials. Not `keyPrefix`, which stands below. */
  options?: IoredisOptions;
  /**
   * Makes the client for a purpose. It must be made with `options`, and may have more of its own; Runstream connects it,
   * and disconnects it at the end.
   */
  connect?: (purpose: RedisPurpose, options: IoredisOptions) => Redis;
  /**
   * What all keys and channels begin with, so that several applications share a server: up to 64 letters, digits and
   * `.:_-`. Another prefix is another store. Default none.
   */
  keyPrefix?: string;
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

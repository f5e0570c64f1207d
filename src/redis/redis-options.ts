/** How RedisModule reaches its server. */
export interface RedisOptions {
  /** `redis://[user:password@]host:port[/db]`, `rediss://…`, or the path of a unix socket. */
  url: string;
  /** After how many milliseconds a command without an answer fails. Default 2000. */
  commandTimeoutMs?: number;
  /**
   * Bytes that reads of much at once (pages of logs, lists) may bring at the same time; others wait their turn. Default
   * 8 388 608 (8 MiB), half of it for watchers that catch up.
   */
  maxBulkReadBytes?: number;
}

export const REDIS_OPTIONS = Symbol('REDIS_OPTIONS');
export const DEFAULT_MAX_BULK_READ_BYTES = 8 * 1024 * 1024;
export const DEFAULT_COMMAND_TIMEOUT_MS = 2000;

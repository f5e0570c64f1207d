/** How RedisModule reaches its server. */
export interface RedisOptions {
  /** `redis://[user:password@]host:port[/db]`, `rediss://…`, or the path of a unix socket. */
  url: string;
  /** After how many milliseconds a command without an answer fails. Default 2000. */
  commandTimeoutMs?: number;
}

export const REDIS_OPTIONS = Symbol('REDIS_OPTIONS');
export const DEFAULT_COMMAND_TIMEOUT_MS = 2000;

/** How this process consumes. */
export interface ConsumerOptions {
  /** Whether handlers run in this process at all; `false` for one that only serves the API. Default true. */
  enabled?: boolean;
  /** How long handlers may take to finish at shutdown, in milliseconds. Default 10 000. */
  shutdownTimeoutMs?: number;
}

export const CONSUMER_OPTIONS = Symbol('CONSUMER_OPTIONS');
export const DEFAULT_CONSUMER_SHUTDOWN_MS = 10_000;

import { defaultsOf } from '../config/index.js';
import type { HandlerOptions } from './handler/handler-options.js';

/** How this process consumes. @publicApi */
export interface ConsumerOptions {
  /** Whether handlers run in this process at all; `false` for one that only serves the API. Default true. */
  enabled?: boolean;
  /** How long handlers may take to finish at shutdown, in milliseconds. Default 10 000. */
  shutdownTimeoutMs?: number;
  /** The tenants whose events are handled here, whether or not they have had a run yet. Default: all that had one. */
  tenants?: readonly string[];
  /** Most events that the handling of one event may write: published, or runs started. Default 1000, at most 10 000. */
  maxEffects?: number;
  /** Most bytes of them together. Default 8 MiB, at most 64 MiB. */
  maxEffectBytes?: number;
  /**
   * Most bytes of events that all groups of this process have in hand together, about; each may always hold one event.
   * Default 64 MiB, at least 1.
   */
  maxHeldBytes?: number;
  /** What holds for every handler here in place of its own options; for tests, where a lease is to be short. */
  overrides?: Partial<Pick<HandlerOptions, 'backoff' | 'leaseMs' | 'timeoutMs'>>;
}

export const CONSUMER_OPTIONS = Symbol('CONSUMER_OPTIONS');
export const CONSUMER_DEFAULTS = defaultsOf('consumer');

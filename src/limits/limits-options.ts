import { defaultsOf } from '../config/index.js';

/** What one tenant may take of the deployment as a whole. @publicApi */
export interface LimitsOptions {
  /**
   * Limits of every tenant that has none of its own, as `name=value`: `active_runs`, `events_per_second`,
   * `bytes_per_second`, `open_streams`, `requests_per_second`, `stored_bytes`. Default: none.
   */
  defaults?: readonly string[];
  /** How often what a tenant stores is summed, by one process at a time, in milliseconds. Default 30 000. */
  storedBytesMs?: number;
}

export const LIMITS_OPTIONS = Symbol('LIMITS_OPTIONS');

export const LIMITS_DEFAULTS: Required<LimitsOptions> = defaultsOf('limits');

import { defaultsOf } from '../config/index.js';

/** How events are kept. @publicApi */
export interface EventStoreOptions {
  /** Events kept per run: approximate, never fewer. Default 10 000. */
  maxLength?: number;
  /** How long a run's events stay after its end, in seconds. Default 86 400 (a day). */
  ttlSeconds?: number;
  /** How long the run record stays after its end, in seconds. Default 2 592 000 (30 days). */
  runTtlSeconds?: number;
  /** After how many seconds without an event an external run is overdue; 0: never. Default 86 400. */
  runIdleTimeoutSeconds?: number;
  /** Event types beside the built-in ones, as `deploy.started` or `build.*`. Default none. */
  types?: readonly string[];
  /** Types that are left out of the journal. Default `llm.stream`, `llm.reasoning`. */
  journalExclude?: readonly string[];
  /**
   * Entries kept in a tenant's journal. The oldest beyond them go, also if a group has not handled them yet: they are
   * among its dead letters then. Default 1 000 000.
   */
  journalMaxLength?: number;
  /**
   * Over how many partitions the runs of each tenant are spread, 1 to 16, in a Redis that holds none yet; in any other it
   * changes nothing. Default 1.
   */
  partitions?: number;
  /** How often journals are trimmed, by one process at a time, in milliseconds. Default 10 000. */
  journalTrimMs?: number;
  /** Whether keys carry the tenant's id. Default false. */
  multiTenant?: boolean;
  /** How often a quiet watcher is told that all is well, and watched runs are compared with their log. Default 15 000. */
  heartbeatMs?: number;
  /** Most bytes that a watcher reads from the log at once. Default 262 144. */
  watcherPageBytes?: number;
}

export const EVENT_STORE_OPTIONS = Symbol('EVENT_STORE_OPTIONS');

export const EVENT_STORE_DEFAULTS: Required<EventStoreOptions> = defaultsOf('events');

import { defaultsOf } from '../config/index.js';
import type { RunExecutorOptions } from './run-executor.decorator.js';

/** How runs are executed in this process. @publicApi */
export interface ExecutorsOptions {
  /** Whether runs are executed in this process at all; `false` for one that only serves the API. Default true. */
  enabled?: boolean;
  /** JSON file with the commands that the `command` executor may run. Default: none. */
  commandsFile?: string;
  /** Folder with the NDJSON recordings that the `replay` executor may play. Default: none. */
  recordingsDir?: string;
  /** How long executors may take to finish at shutdown, in milliseconds. Default 10 000. */
  shutdownTimeoutMs?: number;
  /** How long a command may take to end in order before it is killed, in milliseconds. Default 5000. */
  killGraceMs?: number;
  /** Most events that executors may have said during an outage of Redis, in all; then they wait. Default 10 000. */
  outageBufferEvents?: number;
  /** Most bytes of such events. Default 67 108 864 (64 MiB). */
  outageBufferBytes?: number;
  /**
   * What every command finds in its environment; the commands file adds to it. Nothing else of the service's own
   * environment reaches it. Default: the usual PATH with Node's own folder first, the user's HOME, and
   * `LANG=C.UTF-8`.
   */
  commandEnvironment?: Readonly<Record<string, string>>;
  /** What holds for every executor here in place of its own options; for tests, where a lease is to be short. */
  overrides?: Partial<Pick<RunExecutorOptions, 'leaseMs' | 'maxAttempts'>>;
}

export const EXECUTORS_OPTIONS = Symbol('EXECUTORS_OPTIONS');

export const EXECUTORS_DEFAULTS = defaultsOf('executors');

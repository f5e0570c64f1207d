import { defaultsOf } from '../config/index.js';
import type { IdleRunsOptions } from './idle/idle-runs-options.js';

/** How runs are served over HTTP, and looked after. @publicApi */
export interface RunsOptions extends IdleRunsOptions {
  /** How long a watcher is asked to wait before it reconnects, in milliseconds, give or take a quarter. Default 2000. */
  retryMs?: number;
  /** Bytes that may wait for one watcher's socket before it is served from the log. Default 262 144. */
  watcherBufferBytes?: number;
  /** A watcher that reads nothing at all for so many milliseconds is disconnected. Default 60 000. */
  stalledMs?: number;
  /** An NDJSON upload that sends nothing for so many milliseconds is cut. Default 300 000. */
  uploadIdleMs?: number;
}

export const RUNS_OPTIONS = Symbol('RUNS_OPTIONS');

export const RUNS_DEFAULTS: Required<RunsOptions> = defaultsOf('runs');

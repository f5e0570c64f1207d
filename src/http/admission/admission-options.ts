import { defaultsOf } from '../../config/index.js';

/** How much this process takes on at once. What is beyond is answered 503 `OVERLOADED`, before it costs anything. @publicApi */
export interface AdmissionOptions {
  /** Event streams (SSE) that are open. Default 10 000. */
  maxOpenStreams?: number;
  /** Other requests that are under way; uploads, waits and calls of public routes are counted apart. Default 1000. */
  maxPendingRequests?: number;
  /** Calls of public routes (signing in, documentation) that are under way. Default 100. */
  maxPublicRequests?: number;
  /** Calls that wait for the end of a run (`wait_seconds`). Default 5000. */
  maxWaits?: number;
  /** Calls of workers that wait for work; one credential may have a fifth of them. Default 5000. */
  maxWorkerWaits?: number;
  /** Bytes of bodies that are held, and of unfinished lines of uploads. Default 268 435 456 (256 MiB). */
  maxPendingBytes?: number;
  /** NDJSON uploads that are under way. Default 5000. */
  maxUploads?: number;
  /** Bytes of large answers that were written and that no client has taken yet. Default 134 217 728 (128 MiB). */
  maxAnswerBytes?: number;
  /**
   * The most that one caller may have of each of these, in percent: a credential, or without one an address. Of the
   * bytes of answers it is half of that. Default 50.
   */
  maxSharePercent?: number;
  /**
   * Nothing new is taken on while the event loop is late by more than so many milliseconds and this process is what
   * keeps it busy, or while it is late by ten times as much, whatever the reason; 0: always. Default 500.
   */
  maxEventLoopDelayMs?: number;
}

export const ADMISSION_OPTIONS = Symbol('ADMISSION_OPTIONS');

export const ADMISSION_DEFAULTS: Required<AdmissionOptions> = defaultsOf('admission');

/** How much this process takes on at once. What is beyond is answered 503 `OVERLOADED`, before it costs anything. */
export interface AdmissionOptions {
  /** Event streams (SSE) that are open. Default 10 000. */
  maxOpenStreams?: number;
  /** Other requests that are under way, NDJSON uploads apart. Default 1000. */
  maxPendingRequests?: number;
  /** Bytes of their bodies, and of unfinished lines of uploads. Default 268 435 456 (256 MiB). */
  maxPendingBytes?: number;
  /** NDJSON uploads that are under way. Default 5000. */
  maxUploads?: number;
  /** Nothing new is taken on while the event loop is late by more than so many milliseconds; 0: always. Default 500. */
  maxEventLoopDelayMs?: number;
}

export const ADMISSION_OPTIONS = Symbol('ADMISSION_OPTIONS');

export const ADMISSION_DEFAULTS: Required<AdmissionOptions> = {
  maxOpenStreams: 10_000,
  maxPendingRequests: 1000,
  maxPendingBytes: 256 * 1024 * 1024,
  maxUploads: 5000,
  maxEventLoopDelayMs: 500,
};

/**
 * What came of handling an event. Returning nothing is a success; a thrown error is a retry.
 *
 * @publicApi
 */
export type HandlerResult =
  | { outcome: 'success'; artifact_paths?: readonly string[] }
  /** Tried again: after `delayMs`, or after the handler's backoff. It counts towards `maxAttempts`. */
  | { outcome: 'retry'; delayMs?: number; reason?: string }
  /** Never tried again: to the dead letters. */
  | { outcome: 'fail'; reason: string };

/** Makes results. @publicApi */
export const HandlerResult = {
  success: (artifactPaths?: readonly string[]): HandlerResult => ({
    outcome: 'success',
    ...(artifactPaths && { artifact_paths: artifactPaths }),
  }),
  retry: (options: { delayMs?: number; reason?: string } = {}): HandlerResult => ({
    outcome: 'retry',
    ...options,
  }),
  fail: (reason: string): HandlerResult => ({ outcome: 'fail', reason }),
};

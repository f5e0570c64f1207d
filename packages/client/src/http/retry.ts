import type { RunstreamClientError } from '../errors.js';

const MAX_STEP_MS = 30_000;
/** What a service may ask for at most; more is a mistake. */
const MAX_WAIT_MS = 3_600_000;

/** How long to wait before the next try: longer after each failure, never less than the service asks for. */
export class Retry {
  private failures = 0;

  constructor(public stepMs: number) {}

  /** Something came: the next failure is the first one again. */
  succeeded(): void {
    this.failures = 0;
  }

  /** In milliseconds. Each waits up to half as long again, so that many do not come back at once. */
  next(error?: RunstreamClientError): number {
    const stepMs = Math.min(this.stepMs * 2 ** this.failures++, Math.max(this.stepMs, MAX_STEP_MS));
    const waitMs = Math.max(stepMs, error?.retryAfterMs ?? 0);
    return Math.round(Math.min(waitMs, MAX_WAIT_MS) * (1 + Math.random() / 2));
  }
}

/** @throws what the signal says once it is aborted */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      if (signal?.aborted) reject(signal.reason as Error);
      else resolve();
    };
    const timer = setTimeout(wake, ms);
    signal?.addEventListener('abort', wake);
    if (signal?.aborted) wake();
  });
}

import { pause, RedisUnavailableError, TenantLimitError } from '../common/index.js';

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 2000;

/**
 * Does the work again while Redis can't answer, ever more slowly, and when a limit of the tenant has refused it, after the
 * time that it says: so a limit slows an executor down.
 *
 * @throws the signal's reason once that is aborted, and any other error of the work at once
 */
export async function retryWhileUnavailable<Result>(
  signal: AbortSignal,
  work: () => Promise<Result>,
  onUnavailable: () => void = () => undefined,
): Promise<Result> {
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(2 * delayMs, MAX_DELAY_MS)) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (error instanceof TenantLimitError) {
        // Not for too long: the limit may be raised.
        await pause(Math.min(error.retryAfterMs, MAX_DELAY_MS), signal);
        continue;
      }
      if (!(error instanceof RedisUnavailableError)) throw error;
      onUnavailable();
    }
    await pause(delayMs * (0.5 + Math.random() / 2), signal);
  }
}

import { pause, RedisUnavailableError } from '../common/index.js';

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 2000;

/**
 * Does the work again, ever more slowly, while Redis can't answer.
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
      if (!(error instanceof RedisUnavailableError)) throw error;
      onUnavailable();
    }
    await pause(delayMs * (0.5 + Math.random() / 2), signal);
  }
}

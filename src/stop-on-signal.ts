import { Logger } from '@nestjs/common';
import { setLongTimeout } from './common/index.js';

/** For what comes after draining: closing connections, and the embedded Redis writing its file. */
const CLOSING_MS = 2000;

/** How much of the time for a shutdown, in milliseconds, what runs may take to end. */
export function drainTimeMs(limitMs: number): number {
  return Math.max(limitMs - CLOSING_MS, limitMs / 2);
}

/** How much of it, in milliseconds, sending the last spans may take: a part of what comes after draining. */
export function flushTimeMs(limitMs: number): number {
  return 0.75 * (limitMs - drainTimeMs(limitMs));
}

/**
 * Stops in order on SIGTERM and SIGINT, within a limit. A second signal exits at once.
 *
 * @param limitMs after so many milliseconds it exits in any case
 * @param signals those to stop on
 */
export function stopOnSignal(
  limitMs: number,
  stop: () => Promise<void>,
  signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'],
): void {
  const logger = new Logger('Shutdown');
  let stopping = false;

  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) {
      logger.warn(`${signal} again: exiting at once.`);
      process.exit(1);
    }
    stopping = true;
    logger.log(`${signal}: ending streams and finishing what runs.`);
    setLongTimeout(
      () => {
        logger.error(`Not stopped within ${limitMs} ms: exiting.`);
        process.exit(1);
      },
      limitMs,
      { ref: false },
    );
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error(error);
        process.exit(1);
      },
    );
  };
  for (const signal of signals) process.on(signal, onSignal);
}

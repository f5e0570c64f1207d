import { Logger } from '@nestjs/common';
import { setLongTimeout } from './common/index.js';

/** After the time for draining: closing connections, and the embedded Redis writing its file. */
const GRACE_MS = 5000;

/**
 * Stops in order on SIGTERM and SIGINT, within a limit. A second signal exits at once.
 *
 * @param drainMs how long draining may take
 * @param signals those to stop on
 */
export function stopOnSignal(
  drainMs: number,
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
        logger.error(`Not stopped within ${drainMs + GRACE_MS} ms: exiting.`);
        process.exit(1);
      },
      drainMs + GRACE_MS,
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

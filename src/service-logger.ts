import { ConsoleLogger, Logger } from '@nestjs/common';
import { LOG_LEVELS, type LogLevel } from './config/index.js';

/** Under these names Nest says what it has wired: one line for each module, controller and route. */
const WIRING = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer']);

/** Nest's own logger, for which what Nest has wired is of the level `debug`: the end of a start is on the screen then. */
class ServiceLogger extends ConsoleLogger {
  override log(message: unknown, ...more: unknown[]): void {
    if (WIRING.has(String(more.at(-1)))) this.debug(message, ...more);
    else super.log(message, ...more);
  }
}

/** From here on this process logs what is of this level or above. */
export function logFrom(level: LogLevel): void {
  const logLevels = LOG_LEVELS.slice(0, LOG_LEVELS.indexOf(level) + 1);
  Logger.overrideLogger(new ServiceLogger({ logLevels: ['fatal', ...logLevels] }));
}

/** The last lines of a start: where to go from here. */
export function announce(url: string): void {
  const logger = new Logger('Runstream');
  logger.log(`Page:   ${url}/`);
  logger.log(`Docs:   ${url}/docs`);
  logger.log(`Health: ${url}/health/ready`);
}

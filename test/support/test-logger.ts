import { ConsoleLogger } from '@nestjs/common';

/** Says nothing, since tests provoke what it would say; with `TEST_LOGS=1` everything. */
export const testLogger = new ConsoleLogger(process.env['TEST_LOGS'] ? {} : { logLevels: ['fatal'] });

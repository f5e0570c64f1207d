import type { ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';

/** Runs a command: without an exit code of its own it ends with 0. */
export type Perform = (work: (session: Session) => Promise<ExitCode | void>) => Promise<void>;

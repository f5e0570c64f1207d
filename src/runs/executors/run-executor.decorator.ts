import { SetMetadata } from '@nestjs/common';
import type { Executor } from './executor.js';

/** How runs are executed by one executor. */
export interface RunExecutorOptions {
  /** Most runs that one process executes at once. Default 10. */
  concurrency?: number;
  /**
   * What becomes of a run whose process died, froze for longer than the lease, or was shut down before the executor was
   * done: `fail` ends it with the error `executor lost`; `restart` has it executed again, as the next attempt. Choose
   * `restart` only for work that may be done twice. Default `fail`.
   */
  onCrash?: 'fail' | 'restart';
  /**
   * How long a run belongs to a process that gives no sign of life, in milliseconds. Signs are given every third of it,
   * so code that blocks the event loop for longer loses its run. Default 30 000.
   */
  leaseMs?: number;
}

export const RUN_EXECUTOR_DEFAULTS: Required<RunExecutorOptions> = {
  concurrency: 10,
  onCrash: 'fail',
  leaseMs: 30_000,
};

/** What `@RunExecutor` says about a class. */
export interface RunExecutorMetadata {
  name: string;
  options: RunExecutorOptions;
}

export const RUN_EXECUTOR_METADATA = Symbol('RUN_EXECUTOR_METADATA');

/**
 * Makes a provider an executor. List the class in the `providers` of any module; no registration is needed.
 *
 * ```ts
 * @RunExecutor('summarise', { onCrash: 'restart' })
 * export class SummariseExecutor implements Executor {
 *   async execute(run: RunExecution) {
 *     await run.emit('llm.stream', { content: 'Once upon a time' });
 *     return { summary: 'A fairy tale.' };
 *   }
 * }
 * ```
 *
 * @param name what `POST /runs` calls it: lower-case letters, digits, `_` and `-`; unique in the application
 * @publicApi
 */
export function RunExecutor(
  name: string,
  options: RunExecutorOptions = {},
): (target: new (...args: never[]) => Executor) => void {
  const metadata: RunExecutorMetadata = { name, options };
  return SetMetadata(RUN_EXECUTOR_METADATA, metadata);
}

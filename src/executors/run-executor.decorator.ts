import { SetMetadata } from '@nestjs/common';
import type { Executor } from './executor.js';

/** How runs are executed by one executor. @publicApi */
export interface RunExecutorOptions {
  /** Most runs that one process executes at once. Default 10, at most 1000. */
  concurrency?: number;
  /**
   * What becomes of a run whose process died, froze for longer than the lease, or was shut down before the executor was
   * done: `fail` ends it with the error `executor lost`; `restart` has it executed again, as the next attempt. Choose
   * `restart` only for work that may be done twice. Default `fail`.
   */
  onCrash?: 'fail' | 'restart';
  /**
   * How long a run belongs to a process that sends no heartbeat, in milliseconds. One is sent every third of it, so code
   * that blocks the event loop for longer loses its run. Default 30 000; at least 100, at most 3 600 000 (an hour).
   */
  leaseMs?: number;
  /**
   * With `onCrash: 'restart'`: how often a run is started whose process dies each time; then it fails. After its first
   * death it is started as usual, and from its second death on alone: nothing else is begun beside it for ten seconds.
   * Only a death after such a start ends it, so that no run fails for what ran beside it: it is started three times at
   * least. Default 5, at most 1000.
   */
  maxAttempts?: number;
}

export const RUN_EXECUTOR_DEFAULTS: Required<RunExecutorOptions> = {
  concurrency: 10,
  onCrash: 'fail',
  leaseMs: 30_000,
  maxAttempts: 5,
};

/** A run begins once among others, once more after its first death, and then alone. */
const STARTS_AMONG_OTHERS = 2;

/** Deaths of a run that was started alone, after which it fails. */
export function mostDeathsAlone(maxAttempts: number): number {
  return Math.max(1, maxAttempts - STARTS_AMONG_OTHERS);
}

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

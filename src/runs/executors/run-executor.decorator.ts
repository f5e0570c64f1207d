import { SetMetadata } from '@nestjs/common';
import type { Executor } from './executor.js';

/** What `@RunExecutor` says about a class. */
export interface RunExecutorMetadata {
  name: string;
}

export const RUN_EXECUTOR_METADATA = Symbol('RUN_EXECUTOR_METADATA');

/**
 * Makes a provider an executor. List the class in the `providers` of any module; no registration is needed.
 *
 * ```ts
 * @RunExecutor('summarise')
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
export function RunExecutor(name: string): (target: new (...args: never[]) => Executor) => void {
  const metadata: RunExecutorMetadata = { name };
  return SetMetadata(RUN_EXECUTOR_METADATA, metadata);
}

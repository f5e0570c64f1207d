import type { AnswerOf, BodyOf } from '../types.js';
import { type CallOptions, path, Routes, waitMs } from './routes.js';

/** What executes runs in a deployment. */
export class ExecutorRoutes extends Routes {
  /** All executors, by name, and how they stand. */
  list({ signal }: CallOptions = {}): Promise<AnswerOf<'listExecutors'>> {
    return this.call<'listExecutors'>('GET', '/executors', { signal });
  }

  /** One that workers serve. */
  get(name: string, { signal }: CallOptions = {}): Promise<AnswerOf<'getExecutor'>> {
    return this.call<'getExecutor'>('GET', path`/executors/${name}`, { signal });
  }

  /** Makes one that workers serve, so that runs may name it. */
  put(
    name: string,
    body: BodyOf<'putExecutor'> = {},
    { signal }: CallOptions = {},
  ): Promise<AnswerOf<'putExecutor'>> {
    return this.call<'putExecutor'>('PUT', path`/executors/${name}`, { body, signal });
  }

  /** Removes one that workers serve. No run can name it any more; those that wait stay. */
  delete(name: string, { signal }: CallOptions = {}): Promise<void> {
    return this.call<'deleteExecutor'>('DELETE', path`/executors/${name}`, { signal });
  }

  /**
   * Claims runs; undefined when none came while it waited. The same call with the same `claim_id` is answered the same,
   * so an answer that was lost can be had again.
   */
  claim(
    name: string,
    body: BodyOf<'claimRuns'>,
    { signal }: CallOptions = {},
  ): Promise<AnswerOf<'claimRuns'> | undefined> {
    const patienceMs = waitMs(body);
    return this.call<'claimRuns'>('POST', path`/executors/${name}/claims`, { body, signal, patienceMs });
  }
}

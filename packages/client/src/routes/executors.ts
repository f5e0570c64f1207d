import type { AnswerOf } from '../types.js';
import { type CallOptions, Routes } from './routes.js';

/** What executes runs in a deployment. */
export class ExecutorRoutes extends Routes {
  /** All executors, by name, and how they stand. */
  list({ signal }: CallOptions = {}): Promise<AnswerOf<'listExecutors'>> {
    return this.call<'listExecutors'>('GET', '/executors', { signal });
  }
}

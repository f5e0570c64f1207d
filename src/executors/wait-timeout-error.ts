/**
 * No event came that an executor waited for. Caught, it lets the executor go on without; else it becomes the run's
 * error.
 *
 * @publicApi
 */
export class WaitTimeoutError extends Error {
  constructor(type: string, timeoutMs: number) {
    super(`no ${type} came within ${timeoutMs} ms`);
    this.name = 'WaitTimeoutError';
  }
}

import type { JsonObject } from '../events/index.js';

/**
 * Thrown by an executor that has more to say about a failure than a message: both become the data of
 * `lifecycle.failed`.
 *
 * @publicApi
 */
export class RunFailedError extends Error {
  constructor(
    message: string,
    readonly details?: JsonObject,
  ) {
    super(message);
    this.name = 'RunFailedError';
  }
}

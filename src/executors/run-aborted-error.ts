/**
 * Why an executor's signal aborted:
 *
 * - `cancelled`: a client cancelled the run
 * - `ended`: the run has ended in another way
 * - `deleted`: the run is gone
 * - `taken_over`: another instance has the run now
 * - `failed`: its events can't be stored
 * - `shutdown`: this instance stops; events are still stored, for a while
 *
 * @publicApi
 */
export type AbortReason = 'cancelled' | 'ended' | 'deleted' | 'taken_over' | 'failed' | 'shutdown';

const MESSAGES: Record<AbortReason, string> = {
  cancelled: 'The run was cancelled.',
  ended: 'The run has ended.',
  deleted: 'The run was deleted.',
  taken_over: 'The run was taken over by another instance.',
  failed: "The run's events could not be stored.",
  shutdown: 'The service is shutting down.',
};

/**
 * The reason of an executor's abort signal.
 *
 * @publicApi
 */
export class RunAbortedError extends Error {
  constructor(
    readonly reason: AbortReason,
    cause?: unknown,
  ) {
    super(MESSAGES[reason], { cause });
    this.name = 'RunAbortedError';
  }
}

import { RedisUnavailableError } from '../../common/index.js';
import type { EventInput, JsonObject } from '../../events/index.js';
import { RunAbortedError } from './run-aborted-error.js';
import { RunFailedError } from './run-failed-error.js';
import { eventOf } from './running-execution.js';

/** The error of a run whose executor is gone. */
export const EXECUTOR_LOST = 'executor lost';
const MAX_MESSAGE_LENGTH = 10_000;

export interface ExecutionStatistics {
  duration_ms: number;
  /** Events that the executor emitted. */
  events: number;
}

/** `lifecycle.completed`, or `lifecycle.failed` when the result is no JSON. */
export function completion(result: unknown, statistics: ExecutionStatistics): EventInput {
  try {
    const json = JSON.stringify(result ?? null) as string | undefined;
    if (json === undefined) throw new TypeError(`a ${typeof result}`);
  } catch (error) {
    return failure(
      new RunFailedError(`The executor's result is not a JSON value: ${messageOf(error)}`),
      statistics,
    );
  }
  return eventOf('lifecycle.completed', { result: result ?? null, statistics });
}

/** `lifecycle.failed`. Clients read it, so it has what the executor's error says and never where it was thrown. */
export function failure(error: unknown, statistics: ExecutionStatistics): EventInput {
  if (error instanceof RunAbortedError) return lost(error.message);
  const details = error instanceof RunFailedError ? error.details : undefined;
  const data: JsonObject = { error: messageOf(error), ...(details && { details }), statistics };
  return eventOf('lifecycle.failed', data);
}

/** `system.warning` of a run that is executed again. */
export function restarted(attempt: number): EventInput {
  const message = `The executor was lost. The run is started again (attempt ${attempt}).`;
  return eventOf('system.warning', { message, attempt });
}

/** `lifecycle.failed` of a run whose executor did not get to its end. */
export function lost(reason: string): EventInput {
  return eventOf('lifecycle.failed', { error: EXECUTOR_LOST, details: { reason } });
}

function messageOf(error: unknown): string {
  // An executor meets this one only through its own use of the store.
  if (error instanceof RedisUnavailableError) return 'the event store could not be reached';
  const message =
    error instanceof Error ? error.message || error.name : typeof error === 'string' ? error : '';
  return (message || 'the executor failed without a message').slice(0, MAX_MESSAGE_LENGTH);
}

import { errorText, isInstance, RedisUnavailableError, valueText } from '../common/index.js';
import { type EventInput, type JsonObject, jsonProblem, toEventInput } from '../events/index.js';
import { RunAbortedError, RunFailedError } from '../executors/index.js';

/** The error of a run whose executor is gone. */
export const EXECUTOR_LOST = 'executor lost';
const MAX_MESSAGE_LENGTH = 10_000;

export interface ExecutionStatistics {
  duration_ms: number;
  /** Events that the executor emitted. */
  events: number;
}

/** `lifecycle.completed`, or `lifecycle.failed` when the result is no JSON. Takes any value, and never throws. */
export function completion(result: unknown, statistics: ExecutionStatistics): EventInput {
  try {
    return toEventInput({ type: 'lifecycle.completed', data: { result: resultOf(result), statistics } });
  } catch (error) {
    const problem = isInstance(error, UnmeantResult) ? error.message : errorText(error);
    return failure(new RunFailedError(`The executor's result is not a JSON value: ${problem}`), statistics);
  }
}

/** `lifecycle.failed`. Clients read it, so it has what the executor's error says and never where it was thrown. */
export function failure(error: unknown, statistics: ExecutionStatistics): EventInput {
  if (isInstance(error, RunAbortedError)) return lost(error.message);
  const details = isInstance(error, RunFailedError) ? jsonOf(() => error.details) : undefined;
  const data: JsonObject = { error: messageOf(error), ...(details && { details }), statistics };
  return toEventInput({ type: 'lifecycle.failed', data });
}

/** `system.warning` of a run that is executed again. */
export function restarted(attempt: number): EventInput {
  const message = `The executor was lost. The run is started again (attempt ${attempt}).`;
  return toEventInput({ type: 'system.warning', data: { message, attempt } });
}

/** `system.warning` of a run that its worker gave back, or of which nobody was heard who had it. */
export function handedOutAgain(attempt: number): EventInput {
  const message = `The run was given back, or its claim was lost. It is handed out again (attempt ${attempt}).`;
  return toEventInput({ type: 'system.warning', data: { message, attempt } });
}

/** `lifecycle.failed` of a run that was started too often. */
export function exhausted(attempts: number): EventInput {
  return lost(
    `Its process died or froze each time: it was started ${attempts} times, the last ones with nothing begun beside it.`,
  );
}

/** `lifecycle.failed` of a run whose executor did not get to its end. */
export function lost(reason: string): EventInput {
  return toEventInput({ type: 'lifecycle.failed', data: { error: EXECUTOR_LOST, details: { reason } } });
}

function messageOf(error: unknown): string {
  // An executor meets this one only through its own use of the store.
  if (isInstance(error, RedisUnavailableError)) return 'the event store could not be reached';
  return errorText(error, { most: MAX_MESSAGE_LENGTH, named: false });
}

class UnmeantResult extends Error {}

/**
 * The result as JSON has it: copied, since a getter or a toJSON() may answer otherwise the next time.
 *
 * @throws whatever the value throws; UnmeantResult for what JSON would turn into something else without a word
 */
function resultOf(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  const isNoNumber = typeof value === 'number' && !Number.isFinite(value);
  if (isNoNumber || typeof value === 'function' || typeof value === 'symbol' || isNoData(value)) {
    throw new UnmeantResult(isInstance(value, Error) ? errorText(value) : valueText(value));
  }
  const problem = jsonProblem(value);
  if (problem) throw new UnmeantResult(`${problem.path || 'it'} ${problem.message}`);
  return JSON.parse(JSON.stringify(value)) as unknown;
}

/** JSON makes `{}` of all of these: an error that was returned, a generator, an Observable, a Map … */
function isNoData(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { toJSON, next, subscribe } = value as Record<string, unknown>;
  if (typeof toJSON === 'function') return false;
  if (typeof next === 'function' || typeof subscribe === 'function') return true;
  return [Error, Map, Set, WeakMap, WeakSet, Promise, RegExp].some((type) => value instanceof type);
}

/** Undefined for what can't be JSON: the run ends with its message all the same. */
function jsonOf(details: () => JsonObject | undefined): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(JSON.stringify(details()));
    return typeof json === 'object' && json !== null && !Array.isArray(json)
      ? (json as JsonObject)
      : undefined;
  } catch {
    return undefined;
  }
}

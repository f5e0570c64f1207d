import { errorText, valueText } from '../../common/index.js';
import { MAX_DELAY_MS, MAX_ORDERED_DELAY_MS, type ResolvedHandlerOptions } from './handler-options.js';

/**
 * What came of handling an event. Returning nothing is a success; a thrown error is a retry; anything else than these
 * is a failure with a sentence, and counts as one.
 *
 * @publicApi
 */
export type HandlerResult =
  | { outcome: 'success'; artifact_paths?: readonly string[] }
  /** Tried again: after `delayMs`, or after the handler's backoff. It counts towards `maxAttempts`. */
  | { outcome: 'retry'; delayMs?: number; reason?: string }
  /** Never tried again: to the dead letters. */
  | { outcome: 'fail'; reason: string };

/** Makes results. @publicApi */
export const HandlerResult = {
  success: (artifactPaths?: readonly string[]): HandlerResult => ({
    outcome: 'success',
    ...(artifactPaths && { artifact_paths: artifactPaths }),
  }),
  /**
   * @param options `delayMs`: 0 or more milliseconds, at most 31 536 000 000 (365 days), and 3 600 000 (an hour) with
   *   `ordering: 'run'`. Default: the handler's backoff.
   */
  retry: (options: { delayMs?: number; reason?: string } = {}): HandlerResult => ({
    outcome: 'retry',
    ...options,
  }),
  fail: (reason: string): HandlerResult => ({ outcome: 'fail', reason }),
};

/** A result as it was understood. `delayMs` is undefined where the handler's backoff counts. */
export type ReadResult =
  | { kind: 'ok' }
  | { kind: 'retry'; error: string; delayMs?: number | undefined }
  | { kind: 'fail'; error: string };

const FIELDS: Readonly<Record<HandlerResult['outcome'], readonly string[]>> = {
  success: ['outcome', 'artifact_paths'],
  retry: ['outcome', 'delayMs', 'reason'],
  fail: ['outcome', 'reason'],
};
const OK: ReadResult = { kind: 'ok' };

/**
 * Understands whatever a handler, or an interceptor around it, gave back. Never throws. What can't be meant as a result
 * is a failure that is tried again: it must never pass for a success.
 */
export function readResult(value: unknown, ordering: ResolvedHandlerOptions['ordering']): ReadResult {
  // Nearly all do.
  if (value === undefined || value === null) return OK;
  try {
    return read(value, ordering);
  } catch (error) {
    return { kind: 'retry', error: `What handle() gave back can't be read: ${errorText(error)}` };
  }
}

function read(value: unknown, ordering: ResolvedHandlerOptions['ordering']): ReadResult {
  if (typeof value !== 'object' || value === null || !isPlain(value)) return refused(value);
  // Once, since a getter may answer otherwise the next time.
  const fields: Record<string, unknown> = Object.fromEntries(
    Object.entries(value).filter(([, field]) => field !== undefined),
  );
  const { outcome, reason, delayMs, artifact_paths: paths } = fields;
  const known = typeof outcome === 'string' && Object.hasOwn(FIELDS, outcome);
  const names = known ? FIELDS[outcome as HandlerResult['outcome']] : [];
  if (!known || !Object.keys(fields).every((name) => names.includes(name))) return refused(value);
  switch (outcome as HandlerResult['outcome']) {
    case 'success':
      return paths === undefined || isListOfTexts(paths)
        ? OK
        : { kind: 'retry', error: `artifact_paths must be a list of texts; it is ${valueText(paths)}.` };
    case 'fail':
      return {
        kind: 'fail',
        error: reason === undefined ? 'handle() failed the event without a reason' : errorText(reason),
      };
    case 'retry': {
      const error = reason === undefined ? 'handle() asked for another try' : errorText(reason);
      const wrong = wrongDelay(delayMs, ordering);
      if (wrong !== undefined) return { kind: 'retry', error: `${wrong} (${error})` };
      return {
        kind: 'retry',
        error,
        delayMs: delayMs === undefined ? undefined : Math.round(Number(delayMs)),
      };
    }
  }
}

/** Why this can't be the delay of a retry; undefined when it can. */
function wrongDelay(delayMs: unknown, ordering: ResolvedHandlerOptions['ordering']): string | undefined {
  if (delayMs === undefined) return undefined;
  const most = ordering === 'run' ? MAX_ORDERED_DELAY_MS : MAX_DELAY_MS;
  if (typeof delayMs === 'number' && delayMs >= 0 && delayMs <= most) return undefined;
  const because = ordering === 'run' ? ", an hour, since the run's next events wait" : '';
  return `retry({ delayMs }) must be from 0 to ${most} ms${because}; it is ${valueText(delayMs)}.`;
}

function refused(value: unknown): ReadResult {
  return {
    kind: 'retry',
    error:
      `handle() gave back ${valueText(value)}, which is no HandlerResult. Return nothing, or ` +
      'HandlerResult.success(), .retry() or .fail(); an interceptor must not wrap it.',
  };
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // An object of another realm (a worker, a test runner) has another Object.prototype.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

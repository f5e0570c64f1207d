import { errorReport, errorText, type LongTimeout, setLongTimeout } from '../common/index.js';
import { decodeEvent, type RecordedEvent } from '../events/index.js';
import { askCanHandle, type Failure } from './can-handle.js';
import type { Attempt } from './delivery.js';
import type { Effect } from './effects.js';
import { backoffMs } from './handler-options.js';
import { readResult, type ReadResult } from './handler-result.js';
import type { Outcome } from './lease.js';
import type { RegisteredHandler } from './registered-handler.js';

const NO_EFFECTS: readonly Effect[] = [];
/** In an ordered group the later events of the run wait, and their entries with them. */
const MAX_ORDERED_DELAY_MS = 3_600_000;

/** How an attempt ended. */
export interface Ended {
  outcome: Outcome;
  /** What was thrown, with stacks, for the log. */
  report: string | undefined;
  /** The handler's time is up and it still runs: resolves when it has really ended. */
  running: Promise<void> | undefined;
}

type Ending = ReadResult | { kind: 'release'; error: '' };

/**
 * Calls the handler, and then `over` with what is to be recorded: once, whatever the handler does. A callback and not a
 * promise: with a tenant context around it each promise is dear, and this is the path of every single event.
 *
 * Nothing that the handler, a guard or an interceptor throws or gives back may throw here: nobody would catch it.
 *
 * @param stopping aborted when the process stops: then what is thrown is no failure of the handler
 */
export function runAttempt(
  handler: RegisteredHandler,
  attempt: Attempt,
  stopping: AbortSignal,
  over: (ended: Ended) => void,
): void {
  let isOver = false;
  let timer: LongTimeout | undefined = undefined;
  const end = (ending: Ending, report?: string, running?: Promise<void>): void => {
    if (isOver) return;
    isOver = true;
    timer?.cancel();
    attempt.close();
    over({ outcome: outcomeOf(handler, attempt, ending), report, running });
  };
  const fail = ({ error, report }: Failure, running?: Promise<void>): void => {
    if (stopping.aborted) end({ kind: 'release', error: '' });
    else end({ kind: 'retry', error }, report, running);
  };

  const event = eventOf(attempt);
  if ('error' in event) {
    end({ kind: 'fail', error: event.error });
    return;
  }
  if (attempt.delivery.isUnsure) {
    const answer = askCanHandle(handler, event);
    if (answer !== true) {
      if (answer) fail(answer);
      else end({ kind: 'ok' });
      return;
    }
  }
  const handled = handler.invoke(event, attempt);
  handled.then(
    (result) => {
      end(readResult(result, handler.options.ordering));
    },
    (error: unknown) => {
      fail(failureOf(error));
    },
  );
  const { timeoutMs } = handler.options;
  if (timeoutMs === undefined) return;
  timer = setLongTimeout(() => {
    const error = new Error(`The handler took longer than ${timeoutMs} ms.`);
    attempt.abort(error);
    const running = handled.then(
      () => undefined,
      () => undefined,
    );
    fail({ error: error.message }, running);
  }, timeoutMs);
}

function failureOf(error: unknown): Failure {
  return { error: errorText(error), report: errorReport(error) };
}

/** Without a spread: that one would cost more than all else here, for every event. */
function outcomeOf(handler: RegisteredHandler, attempt: Attempt, ending: Ending): Outcome {
  const { entry, token, epoch, fence } = attempt;
  const { kind } = ending;
  const delayMs = kind === 'retry' ? (ending.delayMs ?? backoffOf(handler, attempt)) : 0;
  // What was put before a text made it longer.
  const error = kind === 'retry' ? errorText(ending.error) : kind === 'ok' ? '' : ending.error;
  const effects = kind === 'ok' ? attempt.effects : NO_EFFECTS;
  return { entry, token, epoch, fence, kind, delayMs, error, effects };
}

function backoffOf(handler: RegisteredHandler, { attempt }: Attempt): number {
  const { backoff, ordering } = handler.options;
  const delayMs = backoffMs(backoff, attempt);
  return ordering === 'run' ? Math.min(delayMs, MAX_ORDERED_DELAY_MS) : delayMs;
}

function eventOf(attempt: Attempt): RecordedEvent | { error: string } {
  try {
    return decodeEvent(attempt.tenantId, attempt.entry.runId, attempt.entry.event);
  } catch (error) {
    return { error: `The event can't be read: ${errorText(error)}` };
  }
}

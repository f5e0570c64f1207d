import { type LongTimeout, setLongTimeout } from '../common/index.js';
import { decodeEvent, type RecordedEvent } from '../events/index.js';
import type { Attempt } from './delivery.js';
import type { Effect } from './effects.js';
import { backoffMs } from './handler-options.js';
import type { HandlerResult } from './handler-result.js';
import type { Outcome } from './lease.js';
import type { RegisteredHandler } from './registered-handler.js';

const MAX_ERROR_LENGTH = 1000;
const NO_EFFECTS: readonly Effect[] = [];
/** The later events of the run wait, and their entries with them. */
const MAX_ORDERED_DELAY_MS = 3_600_000;
const TOO_LATE =
  'In a group with ordering "run" an event may be tried again within an hour at most, since all later events of its run wait for it. ' +
  'Ask for less, or fail the event and redrive it later.';
const NO_RESULT = 'handle() returned what is no HandlerResult: make it with HandlerResult.success() …';

/**
 * Calls the handler, and then `over` with what is to be recorded: once, whatever the handler does. A callback and not a
 * promise: with a tenant context around it each promise is dear, and this is the path of every single event.
 *
 * @param stopping aborted when the process stops: then what is thrown is no failure of the handler
 */
export function runAttempt(
  handler: RegisteredHandler,
  attempt: Attempt,
  stopping: AbortSignal,
  over: (outcome: Outcome) => void,
): void {
  const settle = (kind: Outcome['kind'], error: string, delayMs: number): void => {
    const { entry, token, epoch, fence } = attempt;
    const effects = kind === 'ok' ? attempt.effects : NO_EFFECTS;
    attempt.close();
    over({ entry, token, epoch, fence, kind, delayMs, error, effects });
  };
  const failed = (error: unknown): void => {
    if (stopping.aborted) settle('release', '', 0);
    else settle('retry', messageOf(error), backoffOf(handler, attempt));
  };
  let event: RecordedEvent;
  try {
    event = decodeEvent(attempt.tenantId, attempt.entry.runId, attempt.entry.event);
  } catch (error) {
    settle('fail', `The event can't be read: ${messageOf(error)}`, 0);
    return;
  }
  invoke(handler, event, attempt).then((result) => {
    switch (result?.outcome) {
      case undefined:
      case 'success':
        settle('ok', '', 0);
        return;
      case 'fail':
        settle('fail', messageOf(result.reason), 0);
        return;
      case 'retry': {
        const { delayMs } = result;
        if (handler.options.ordering === 'run' && delayMs !== undefined && delayMs > MAX_ORDERED_DELAY_MS) {
          failed(new Error(TOO_LATE));
          return;
        }
        const reason = result.reason ?? 'the handler asked for another try';
        settle('retry', messageOf(reason), result.delayMs ?? backoffOf(handler, attempt));
        return;
      }
      default:
        failed(NO_RESULT);
    }
  }, failed);
}

function backoffOf(handler: RegisteredHandler, { attempt }: Attempt): number {
  const { backoff, ordering } = handler.options;
  const delayMs = backoffMs(backoff, attempt);
  return ordering === 'run' ? Math.min(delayMs, MAX_ORDERED_DELAY_MS) : delayMs;
}

function invoke(
  handler: RegisteredHandler,
  event: RecordedEvent,
  attempt: Attempt,
): Promise<HandlerResult | void> {
  const { timeoutMs } = handler.options;
  const handled = handler.invoke(event, attempt);
  if (timeoutMs === undefined) return handled;
  let timer: LongTimeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setLongTimeout(() => {
      const error = new Error(`The handler took longer than ${timeoutMs} ms.`);
      attempt.abort(error);
      reject(error);
    }, timeoutMs);
  });
  return Promise.race([handled, late]).finally(() => {
    timer?.cancel();
  });
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, MAX_ERROR_LENGTH);
}

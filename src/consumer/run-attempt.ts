import { decodeEvent, type RecordedEvent } from '../events/index.js';
import type { Attempt } from './delivery.js';
import { backoffMs } from './handler-options.js';
import type { HandlerResult } from './handler-result.js';
import type { Outcome } from './lease.js';
import type { RegisteredHandler } from './registered-handler.js';

const MAX_ERROR_LENGTH = 1000;

/**
 * Calls the handler, and says what is to be recorded. Never rejects.
 *
 * @param stopping aborted when the process stops: then what is thrown is no failure of the handler
 */
export async function runAttempt(
  handler: RegisteredHandler,
  attempt: Attempt,
  stopping: AbortSignal,
): Promise<Outcome> {
  const { entry, token, epoch, fence } = attempt;
  const outcome = { entry, token, epoch, fence, delayMs: 0, error: '', effects: [] };
  let event: RecordedEvent;
  try {
    event = decodeEvent(attempt.tenantId, entry.runId, entry.event);
  } catch (error) {
    return { ...outcome, kind: 'fail', error: `The event can't be read: ${messageOf(error)}` };
  }
  const backoff = (): number => backoffMs(handler.options.backoff, attempt.attempt);
  try {
    const result = await invoke(handler, event, attempt);
    switch (result?.outcome) {
      case undefined:
      case 'success':
        return { ...outcome, kind: 'ok', effects: attempt.effects };
      case 'fail':
        return { ...outcome, kind: 'fail', error: result.reason.slice(0, MAX_ERROR_LENGTH) };
      case 'retry':
        return {
          ...outcome,
          kind: 'retry',
          delayMs: result.delayMs ?? backoff(),
          error: result.reason ?? 'the handler asked for another try',
        };
      default:
        throw new TypeError(
          'handle() returned what is no HandlerResult: make it with HandlerResult.success() …',
        );
    }
  } catch (error) {
    if (stopping.aborted) return { ...outcome, kind: 'release' };
    return { ...outcome, kind: 'retry', delayMs: backoff(), error: messageOf(error) };
  } finally {
    attempt.close();
  }
}

async function invoke(
  handler: RegisteredHandler,
  event: RecordedEvent,
  attempt: Attempt,
): Promise<HandlerResult | void> {
  const { timeoutMs } = handler.options;
  const handled = handler.invoke(event, attempt);
  if (timeoutMs === undefined) return handled;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`The handler took longer than ${timeoutMs} ms.`);
      attempt.abort(error);
      reject(error);
    }, timeoutMs);
  });
  return Promise.race([handled, late]).finally(() => {
    clearTimeout(timer);
  });
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, MAX_ERROR_LENGTH);
}

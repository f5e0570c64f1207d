import {
  errorReport,
  errorText,
  type LongTimeout,
  setLongTimeout,
  TenantLimitError,
} from '../../common/index.js';
import { decodeEvent, type RecordedEvent } from '../../events/index.js';
import { askCanHandle, type Failure } from './can-handle.js';
import type { Attempt } from './attempt.js';
import type { Effect } from './effects.js';
import { processSpan } from './process-span.js';
import { backoffMs } from '../handler/handler-options.js';
import { readResult, type ReadResult } from '../handler/handler-result.js';
import type { Outcome } from './lease.js';
import type { RegisteredHandler } from '../handler/registered-handler.js';

/** A limit may be raised while an event waits for it. */
const MAX_LIMITED_MS = 10_000;
const NO_EFFECTS: readonly Effect[] = [];

/** How an attempt ended. */
export interface Ended {
  outcome: Outcome;
  /** What was thrown, with stacks, for the log. */
  report: string | undefined;
  /** The handler's time is up and it still runs: resolves when it has really ended. */
  running: Promise<void> | undefined;
}

type Ending = ReadResult | { kind: 'release'; error: '' } | { kind: 'limited'; error: ''; delayMs: number };

/**
 * Calls the handler. Never rejects, whatever the handler, a guard or an interceptor throws or gives back: nobody would
 * catch it.
 *
 * @param about `isUnsure`: canHandle() gave no answer yet; `refusal`: why its event fails without a try
 * @param stopping aborted when the process stops: then what is thrown is no failure of the handler
 */
export async function runAttempt(
  handler: RegisteredHandler,
  attempt: Attempt,
  about: { isUnsure: boolean; refusal: string | undefined },
  stopping: AbortSignal,
): Promise<Ended> {
  const ended = (ending: Ending, report?: string, running?: Promise<void>): Ended => {
    attempt.close();
    endSpan(attempt, ending);
    return { outcome: outcomeOf(handler, attempt, ending), report, running };
  };
  const failed = ({ error, report }: Failure, running?: Promise<void>): Ended =>
    stopping.aborted
      ? ended({ kind: 'release', error: '' })
      : ended({ kind: 'retry', error }, report, running);

  if (about.refusal !== undefined) return ended({ kind: 'fail', error: about.refusal });
  const event = eventOf(attempt);
  if ('error' in event) return ended({ kind: 'fail', error: event.error });
  attempt.trace = event.context;
  if (about.isUnsure) {
    const answer = askCanHandle(handler, event);
    if (answer === false) return ended({ kind: 'ok' });
    if (answer !== true) return failed(answer);
  }
  const { timeoutMs, ordering } = handler.options;
  const span = (attempt.span = processSpan(event, attempt));
  const handled = span ? span.run(() => handler.invoke(event, attempt)) : handler.invoke(event, attempt);
  try {
    if (timeoutMs === undefined) return ended(readResult(await handled, ordering));
    const inTime = await within(timeoutMs, handled);
    if (inTime) return ended(readResult(inTime.value, ordering));
  } catch (error) {
    const waitMs = limitedFor(error);
    if (waitMs !== undefined) return ended({ kind: 'limited', error: '', delayMs: waitMs });
    return failed(failureOf(error));
  }
  const error = new Error(`The handler took longer than ${timeoutMs} ms.`);
  attempt.abort(error);
  const running = handled.then(
    () => undefined,
    () => undefined,
  );
  return failed({ error: error.message }, running);
}

/** Undefined when it takes longer. What it resolves with is wrapped: to look at it may run code of the handler. */
async function within(ms: number, work: Promise<unknown>): Promise<{ value: unknown } | undefined> {
  let timer: LongTimeout | undefined;
  const timeIsUp = new Promise<undefined>((resolve) => {
    timer = setLongTimeout(() => {
      resolve(undefined);
    }, ms);
  });
  try {
    return await Promise.race([work.then((value) => ({ value })), timeIsUp]);
  } finally {
    timer?.cancel();
  }
}

function endSpan({ span }: Attempt, ending: Ending): void {
  const { kind } = ending;
  if (kind === 'retry' || kind === 'fail') span?.end({ kind, error: errorText(ending.error) });
  else span?.end();
}

/**
 * For how long a limit of the tenant is to be waited for: that is no failure of the handler's, and is tried again however
 * often it takes. Whatever was thrown may throw when it is looked at.
 */
function limitedFor(error: unknown): number | undefined {
  try {
    return error instanceof TenantLimitError ? Math.min(error.retryAfterMs, MAX_LIMITED_MS) : undefined;
  } catch {
    return undefined;
  }
}

function failureOf(error: unknown): Failure {
  return { error: errorText(error), report: errorReport(error) };
}

/** Without a spread: that one would cost more than all else here, for every event. */
function outcomeOf(handler: RegisteredHandler, attempt: Attempt, ending: Ending): Outcome {
  const { entry, token, epoch, fence } = attempt;
  const { kind } = ending;
  let delayMs = kind === 'limited' ? ending.delayMs : 0;
  if (kind === 'retry') delayMs = ending.delayMs ?? backoffMs(handler.options.backoff, attempt.attempt);
  // What was put before a text made it longer.
  const error = kind === 'retry' ? errorText(ending.error) : kind === 'ok' ? '' : ending.error;
  const effects = kind === 'ok' ? attempt.effects : NO_EFFECTS;
  return { entry, token, epoch, fence, kind, delayMs, error, effects };
}

function eventOf(attempt: Attempt): RecordedEvent | { error: string } {
  try {
    return decodeEvent(attempt.tenantId, attempt.entry.runId, attempt.entry.event);
  } catch (error) {
    return { error: `The event can't be read: ${errorText(error)}` };
  }
}

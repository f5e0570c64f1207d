import { errorReport, errorText, silence, valueText } from '../../common/index.js';
import { decodeEvent, type RecordedEvent } from '../../events/index.js';
import type { Delivery } from './delivery.js';
import type { RegisteredHandler } from '../handler/registered-handler.js';

/** What an attempt failed with. */
export interface Failure {
  /** For the dead letter. */
  error: string;
  /** With stacks, for the log; undefined when nothing was thrown. */
  report?: string | undefined;
}

/** Asks a handler whether it wants an event. Never throws: what is no answer is a failure of this event. */
export function askCanHandle(handler: RegisteredHandler, event: RecordedEvent): boolean | Failure {
  if (!handler.canHandle) return true;
  let answer: unknown;
  try {
    answer = handler.canHandle(event);
  } catch (error) {
    return { error: `canHandle() threw: ${errorText(error)}`, report: errorReport(error) };
  }
  if (typeof answer === 'boolean') return answer;
  silence(answer);
  return {
    error: `canHandle() must return true or false at once, no Promise; it gave ${valueText(answer)}.`,
  };
}

/** Whether a handler is to be given an entry, as far as it can be asked. */
export function isWanted(handler: RegisteredHandler, delivery: Delivery): boolean {
  const { entry, source } = delivery;
  // Without a type it can't be read: it is begun, and fails for good.
  if (entry.event.type === '') return true;
  if (!handler.wants(entry.event.type)) return false;
  if (!handler.canHandle) return true;
  let event: RecordedEvent;
  try {
    event = decodeEvent(source.tenantId, entry.runId, entry.event);
  } catch {
    return true;
  }
  const answer = askCanHandle(handler, event);
  if (typeof answer === 'boolean') return answer;
  delivery.isUnsure = true;
  return true;
}

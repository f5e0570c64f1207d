import type { AnswerOf, Run } from '@runstream/client';
import { client } from '../../service/client.js';

/** What is painted first. */
const TAIL = 200;

/** All that the page of a run needs before it shows anything. */
export interface FirstLook {
  record: Promise<Run>;
  tail: Promise<AnswerOf<'listEvents'>>;
}

let ahead: { id: string; look: FirstLook } | undefined;

/** Asks while the files of that page are on their way, and who is there. */
export function lookAhead(id: string): void {
  const look = ask(id);
  ahead = { id, look };
  // Whoever takes it asks again.
  look.record.catch(() => undefined);
  look.tail.catch(() => undefined);
}

/** Takes what was asked for ahead; without that, or when it was refused, as to somebody who had not signed in, it asks now. */
export function firstLook(id: string, signal: AbortSignal): FirstLook {
  const taken = ahead?.id === id ? ahead.look : undefined;
  ahead = undefined;
  if (!taken) return ask(id, signal);
  return {
    record: taken.record.catch(() => askRecord(id, signal)),
    tail: taken.tail.catch(() => askTail(id, signal)),
  };
}

const ask = (id: string, signal?: AbortSignal): FirstLook => ({
  tail: askTail(id, signal),
  record: askRecord(id, signal),
});

const askRecord = (id: string, signal?: AbortSignal): FirstLook['record'] =>
  client.runs.get(id, {}, signal && { signal });

const askTail = (id: string, signal?: AbortSignal): FirstLook['tail'] =>
  client.runs.events(id, { order: 'desc', limit: TAIL }, signal && { signal });

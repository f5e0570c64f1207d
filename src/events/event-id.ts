import { InvalidEventIdError } from '../common/index.js';

/**
 * The id of an event: `<ms>-<sequence>`. It is the id of the Redis entry and of the SSE frame alike, and its
 * second half counts a run's events from 1 without holes (docs/adr/0001).
 */
export interface EventId {
  /** Redis's clock when the event was appended, in milliseconds; never goes backwards within a run. */
  readonly ms: number;
  readonly sequence: number;
}

/** The position before the first event. */
export const BEGINNING: EventId = { ms: 0, sequence: 0 };

const PATTERN = /^(0|[1-9][0-9]{0,15})-(0|[1-9][0-9]{0,15})$/;

/** Undefined when `text` is not an id in its canonical form. */
export function tryParseEventId(text: string): EventId | undefined {
  const match = PATTERN.exec(text);
  if (!match) return undefined;
  const ms = Number(match[1]);
  const sequence = Number(match[2]);
  return Number.isSafeInteger(ms) && Number.isSafeInteger(sequence) ? { ms, sequence } : undefined;
}

/** @throws InvalidEventIdError, which calls the input by `name`. */
export function parseEventId(text: string, name = 'The event id'): EventId {
  const id = tryParseEventId(text);
  if (!id) throw new InvalidEventIdError(name);
  return id;
}

export function formatEventId(id: EventId): string {
  return `${id.ms}-${id.sequence}`;
}

/** Negative, zero or positive as `a` comes before, at or after `b`. Ids are numbers: as strings `…-9` > `…-10`. */
export function compareEventIds(a: EventId, b: EventId): number {
  return a.ms - b.ms || a.sequence - b.sequence;
}

export function sameEventId(a: EventId, b: EventId): boolean {
  return a.ms === b.ms && a.sequence === b.sequence;
}

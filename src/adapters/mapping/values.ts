import type { RecordedEvent } from '../../events/index.js';
import type { Loss } from './event-mapper.js';

export function typeOf({ event }: RecordedEvent): string {
  return `${event.category}.${event.action}`;
}

/** What producers outside append is not checked: where a protocol wants text, it gets text. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined ? '' : JSON.stringify(value);
}

/** What an event says went wrong, for people. */
export function errorText(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return textOf(message) || 'The run failed.';
}

const LOST: Readonly<Record<Loss, string>> = {
  trimmed: 'Events of this run are no longer kept, so it can not be shown whole.',
  diverged: 'The log of this run is another one than before. Load it again.',
  deleted: 'The run was deleted.',
};

/** The same for what a client can't be given. */
export function lossText(loss: Loss): string {
  return LOST[loss];
}

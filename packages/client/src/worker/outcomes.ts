/** Thrown by a handler: the event is tried again, after `afterMs` or after the backoff of the group. */
export class RetryError extends Error {
  override readonly name = 'RetryError';

  constructor(
    readonly afterMs?: number,
    reason = 'The handler asked for another try.',
  ) {
    super(reason);
  }
}

/** Thrown by a handler: no other try will help, and the event becomes a dead letter. */
export class FailError extends Error {
  override readonly name = 'FailError';
}

const MAX_TEXT = 1000;

/** What people are told of something that was thrown. Never empty. */
export function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return (text || 'something empty was thrown').slice(0, MAX_TEXT);
}

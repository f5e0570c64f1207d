import { clip } from './reading/text.js';

/** Every code a client can meet, with the HTTP status it travels under (docs/protocol.md, section 1). */
export const ERROR_STATUS = {
  VALIDATION_FAILED: 400,
  INVALID_EVENT_ID: 400,
  UNKNOWN_EVENT_TYPE: 400,
  UNKNOWN_EXECUTOR: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  ROUTE_NOT_FOUND: 404,
  RUN_NOT_FOUND: 404,
  EXECUTOR_NOT_FOUND: 404,
  GROUP_NOT_FOUND: 404,
  DEAD_LETTER_NOT_FOUND: 404,
  KEY_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  RUN_ENDED: 409,
  RUN_HAS_EXECUTOR: 409,
  SEQUENCE_CONFLICT: 409,
  IDEMPOTENCY_CONFLICT: 409,
  GROUP_IN_USE: 409,
  LEASE_LOST: 409,
  EXECUTOR_TAKEN: 409,
  GROUP_TAKEN: 409,
  VERSION_OUTDATED: 409,
  RUN_EXPIRED: 410,
  EVENT_TOO_LARGE: 413,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RATE_LIMITED: 429,
  TENANT_LIMIT: 429,
  INTERNAL_ERROR: 500,
  REDIS_UNAVAILABLE: 503,
  NOT_REPLICATED: 503,
  OVERLOADED: 503,
} as const;

/** What went wrong, for programs: the `code` of an error body. @publicApi */
export type ErrorCode = keyof typeof ERROR_STATUS;

export interface RunstreamErrorOptions {
  /** Facts a client can act on; part of the public body, so nothing internal. */
  details?: unknown;
  /** How many items more than those in `details` there were; part of the public body. Default: none. */
  more?: number | undefined;
  /** Sent as `Retry-After`. */
  retryAfterSeconds?: number;
  /** What really happened, for the log only. */
  cause?: unknown;
}

/**
 * An error with a public meaning: its code, message and details are what a client is told.
 * The message says what to do next.
 *
 * @publicApi
 */
export class RunstreamError extends Error {
  readonly status: number;
  /** By these two, Nest and Express know the status of an error that is thrown in an application's own route. */
  readonly statusCode: number;
  readonly expose = true;
  readonly details: unknown;
  /** Undefined when `details` are all there is. */
  readonly more: number | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: RunstreamErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.name = new.target.name;
    this.status = ERROR_STATUS[code];
    this.statusCode = this.status;
    this.details = options.details;
    this.more = options.more || undefined;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** One rule that an input broke. `path` is the property's way from the root: `events[3].source.agent_id`. @publicApi */
export interface Violation {
  path: string;
  message: string;
}

/** An answer lists so many violations at most, and only counts the others. */
export const MAX_VIOLATIONS = 20;
const MAX_SHOWN_PATH = 200;
const MAX_SHOWN_MESSAGE = 500;

/** What was given is not what is asked for; `violations` has one item for each fault. @publicApi */
export class ValidationFailedError extends RunstreamError {
  /** The first {@link MAX_VIOLATIONS} of them. */
  readonly violations: readonly Violation[];

  /** @param uncounted how many violations there were besides these. Default: none. */
  constructor(violations: readonly Violation[], uncounted = 0) {
    const listed = violations.slice(0, MAX_VIOLATIONS).map(({ path, message }) => ({
      path: clip(path, MAX_SHOWN_PATH),
      message: clip(message, MAX_SHOWN_MESSAGE),
    }));
    const total = violations.length + uncounted;
    const shown = listed.slice(0, 3).map((v) => (v.path ? `${v.path}: ${v.message}` : v.message));
    const more = total > shown.length ? ` (and ${total - shown.length} more, see details)` : '';
    super('VALIDATION_FAILED', `Correct the request and send it again. ${shown.join('; ')}${more}`, {
      details: listed,
      more: total - listed.length,
    });
    this.violations = listed;
  }
}

/** A text that should be the id of an event is none. @publicApi */
export class InvalidEventIdError extends RunstreamError {
  constructor(name: string, expected = '<milliseconds>-<sequence>, like 1795279279000-42') {
    super('INVALID_EVENT_ID', `${name} is not an event id. Send ${expected}.`);
  }
}

/** A type that is neither built in nor registered. @publicApi */
export class UnknownEventTypeError extends RunstreamError {
  constructor(type: string, known: readonly string[]) {
    super(
      'UNKNOWN_EVENT_TYPE',
      `No event type "${clip(type, 120)}" is registered. Use one of: ${known.join(', ')}; or register it with EVENT_TYPES or EventStoreModule.forFeature().`,
    );
  }
}

/** There is no such run for this tenant; perhaps it was deleted. @publicApi */
export class RunNotFoundError extends RunstreamError {
  constructor() {
    super('RUN_NOT_FOUND', 'There is no run with this id. Check the id, or list the runs with GET /runs.');
  }
}

/** There is no such consumer group for this tenant. @publicApi */
export class GroupNotFoundError extends RunstreamError {
  constructor() {
    super(
      'GROUP_NOT_FOUND',
      'There is no consumer group with this name. List the groups with GET /consumers.',
    );
  }
}

/** A group that a process still handles can not be removed. @publicApi */
export class GroupInUseError extends RunstreamError {
  constructor() {
    super(
      'GROUP_IN_USE',
      'The group is being handled. Stop every process that has its handler, wait a minute, and try again.',
    );
  }
}

/** There is no such dead letter; perhaps it was redriven. @publicApi */
export class DeadLetterNotFoundError extends RunstreamError {
  constructor() {
    super(
      'DEAD_LETTER_NOT_FOUND',
      'There is no dead letter with this id. It may have been redriven or deleted: list them with GET /dead-letters.',
    );
  }
}

/** The run has ended: nothing can be appended to it any more. @publicApi */
export class RunEndedError extends RunstreamError {
  constructor(status: string) {
    super('RUN_ENDED', `The run is ${status}: nothing more can be appended to it. Start a new run.`, {
      details: { status },
    });
  }
}

/** An executor owns the run and writes its lifecycle events: others may append any but those. @publicApi */
export class RunHasExecutorError extends RunstreamError {
  constructor(executor: string) {
    super(
      'RUN_HAS_EXECUTOR',
      `The executor "${executor}" owns this run and writes its lifecycle events. Append other events, or use POST /runs/{run_id}/cancel.`,
    );
  }
}

/** The last sequence of the run is not the one that was expected. @publicApi */
export class SequenceConflictError extends RunstreamError {
  constructor(readonly sequence: number) {
    super(
      'SEQUENCE_CONFLICT',
      `Expected-Sequence does not match: the run is at ${sequence}. Read what was appended since, then try again from there.`,
      { details: { sequence } },
    );
  }
}

/** The same idempotency key came with another request before. @publicApi */
export class IdempotencyConflictError extends RunstreamError {
  constructor() {
    super(
      'IDEMPOTENCY_CONFLICT',
      'This Idempotency-Key was used before with a different request. Use a new key for a new request.',
    );
  }
}

/** The events of the run have expired, and only its record is left. @publicApi */
export class RunExpiredError extends RunstreamError {
  constructor() {
    super(
      'RUN_EXPIRED',
      "The run's events are past their retention and gone. The run itself is at GET /runs/{run_id}.",
    );
  }
}

/** An append under a fence that has passed on: another executor owns the run now. Never leaves the process. */
export class FenceLostError extends Error {
  constructor(readonly runId: string) {
    super(`The run ${runId} was taken over: this executor may write nothing more to it.`);
    this.name = 'FenceLostError';
  }
}

/** What a worker had is another's by now, or over. @publicApi */
export class LeaseLostError extends RunstreamError {
  constructor() {
    super(
      'LEASE_LOST',
      'This lease is not valid (any more): its time ran out, the work was given to another worker, or the token is not whole. Stop working on it; nothing was stored.',
    );
  }
}

/** A tenant's workers have no executor of this name. @publicApi */
export class ExecutorNotFoundError extends RunstreamError {
  constructor() {
    super(
      'EXECUTOR_NOT_FOUND',
      'Your workers have no executor of this name. Make it known first: PUT /executors/{name}.',
    );
  }
}

/** An event, or the input of a run, is larger than the limit. @publicApi */
export class EventTooLargeError extends RunstreamError {
  /** @param what is too large: `data of one event` */
  constructor(limitBytes: number, what: string) {
    super(
      'EVENT_TOO_LARGE',
      `${what} may have at most ${limitBytes} bytes of JSON in UTF-8. Store it elsewhere and send a reference.`,
      {
        details: { limit_bytes: limitBytes },
      },
    );
  }
}

/** Redis can not be reached, or did not answer in time. The same request may be sent again. @publicApi */
export class RedisUnavailableError extends RunstreamError {
  constructor(
    cause?: unknown,
    code: ErrorCode = 'REDIS_UNAVAILABLE',
    message = 'The event store cannot be reached at the moment. Try again shortly; an idempotency key makes that safe.',
  ) {
    super(code, message, { retryAfterSeconds: 2, cause });
  }
}

/**
 * What was appended is stored, and too few replicas have said in time that they have it (`redis.appendMinReplicas`): it
 * may be lost with its server. To be tried again as after an outage.
 *
 * @publicApi
 */
export class NotReplicatedError extends RedisUnavailableError {
  constructor() {
    super(
      undefined,
      'NOT_REPLICATED',
      'This is stored, but too few replicas have confirmed it in time. Send it again shortly with the same idempotency keys.',
    );
  }
}

/** A bound of this process is reached. @publicApi */
export class OverloadedError extends RunstreamError {
  constructor(
    message = 'This instance has as much to do as it takes on. Try again shortly, or another instance.',
  ) {
    super('OVERLOADED', message, { retryAfterSeconds: 2 });
  }
}

/** The tenant has as much as it may have, of the deployment as a whole. The same request may be sent again later. @publicApi */
export class TenantLimitError extends RunstreamError {
  /**
   * @param limit which one: `active_runs`
   * @param value what it is set to
   * @param retryAfterMs when it is worth trying again, in milliseconds
   */
  constructor(
    limit: string,
    value: number,
    readonly retryAfterMs: number,
  ) {
    super(
      'TENANT_LIMIT',
      `Your tenant has reached its limit ${limit} (${value}). Try again after the time in Retry-After, or ask the operator for more.`,
      {
        details: { limit, value, retry_after_ms: retryAfterMs },
        retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)),
      },
    );
  }
}

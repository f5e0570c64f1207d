import type { ErrorCode } from '../../common/index.js';

/** One sentence a code, for the API documentation. */
export const ERROR_MEANING: Readonly<Record<ErrorCode, string>> = {
  VALIDATION_FAILED: 'The request breaks its schema; `details` lists what is wrong where.',
  INVALID_EVENT_ID: 'An event id is not `<milliseconds>-<sequence>`.',
  UNKNOWN_EVENT_TYPE: 'The event type is neither built in nor registered; the message lists those there are.',
  UNKNOWN_EXECUTOR: 'This deployment has no such executor; the message lists those there are.',
  UNAUTHORIZED: 'The credentials are missing or not valid.',
  FORBIDDEN: 'The credentials do not allow this, or belong to another tenant.',
  ROUTE_NOT_FOUND: 'There is no such route.',
  RUN_NOT_FOUND: 'This tenant has no such run.',
  EXECUTOR_NOT_FOUND: 'Workers of this tenant have no such executor.',
  GROUP_NOT_FOUND: 'There is no such consumer group.',
  DEAD_LETTER_NOT_FOUND: 'There is no such dead letter.',
  KEY_NOT_FOUND: 'There is no such API key.',
  METHOD_NOT_ALLOWED: 'The route does not take this method; `Allow` lists those it takes.',
  RUN_ENDED: 'The run has ended: nothing more can be appended, and it cannot be cancelled.',
  RUN_HAS_EXECUTOR: 'An executor owns the run and writes its lifecycle events.',
  SEQUENCE_CONFLICT: 'The run is not at the `Expected-Sequence`; `details.sequence` is where it is.',
  GROUP_IN_USE: 'Somebody handles the group, or did until a minute ago.',
  LEASE_LOST: 'What the worker had is another’s by now, or the token is none; nothing was stored.',
  EXECUTOR_TAKEN: 'An executor of the deployment has this name.',
  GROUP_TAKEN: 'A group of the deployment has this name.',
  VERSION_OUTDATED: 'A newer version is in force; `details.version` is it.',
  IDEMPOTENCY_CONFLICT: 'The key was used before with a different request.',
  RUN_EXPIRED: 'The run is known, but its events are past their retention.',
  EVENT_TOO_LARGE: 'The data of one event is too large.',
  PAYLOAD_TOO_LARGE: 'The request is too large.',
  UNSUPPORTED_MEDIA_TYPE: 'The body is neither JSON nor NDJSON in UTF-8.',
  RATE_LIMITED: 'Too many requests; try again after `Retry-After` seconds.',
  TENANT_LIMIT:
    'The tenant has reached a limit of its own; `details` name it, and `Retry-After` says when to come back.',
  INTERNAL_ERROR: 'Something failed on the side of the service; report it with the request id.',
  REDIS_UNAVAILABLE: 'The event store cannot be reached; try again after `Retry-After` seconds.',
  NOT_REPLICATED:
    'It is stored, but too few replicas have confirmed it in time; send it again with the same idempotency keys after `Retry-After` seconds.',
  OVERLOADED: 'The service cannot take this on now; try again after `Retry-After` seconds.',
};

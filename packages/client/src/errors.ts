/** What a RunstreamClientError says. */
export interface ErrorFacts {
  code: string;
  message: string;
  status?: number;
  requestId?: string | undefined;
  retryAfterMs?: number | undefined;
  details?: unknown;
  cause?: unknown;
}

/**
 * What went wrong, in the words of the service or of this client.
 *
 * Codes of the service are those of the protocol, such as `RUN_NOT_FOUND`. This client has four of its own, with the
 * status 0: `UNREACHABLE`, nobody answered or the answer was cut; `SILENT`, nothing came for three heartbeats;
 * `EVENTS_MISSING`, a log had a hole that nobody explained; `WRITER_FULL`, `write()` was not awaited. A server that is
 * no Runstream service is `UNEXPECTED_ANSWER`, with its status.
 */
export class RunstreamClientError extends Error {
  override readonly name = 'RunstreamClientError';
  readonly code: string;
  /** Of the answer; 0 without one. */
  readonly status: number;
  /** Under which the service has it in its log; undefined without an answer. */
  readonly requestId: string | undefined;
  /** Milliseconds that the service asks to wait; undefined when it asks for nothing. */
  readonly retryAfterMs: number | undefined;
  /** Facts for programs, as the protocol has them for the code. */
  readonly details: unknown;

  constructor({ code, message, status = 0, requestId, retryAfterMs, details, cause }: ErrorFacts) {
    super(message, { cause });
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.retryAfterMs = retryAfterMs;
    this.details = details;
  }
}

/** Whether it may be gone when it is tried again: an outage, an overload, a line that was cut. */
export function isPassing(error: unknown): error is RunstreamClientError {
  if (!(error instanceof RunstreamClientError)) return false;
  const { status, code } = error;
  return status === 0 ? code === 'UNREACHABLE' || code === 'SILENT' : status === 429 || status >= 500;
}

import { HttpException } from '@nestjs/common';
import { type ErrorCode, RunstreamError, ValidationFailedError } from '../../common/index.js';

/** Codes for errors of the framework, which know a status only. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'ROUTE_NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'RATE_LIMITED',
  503: 'OVERLOADED',
};

/**
 * Finds the public meaning of whatever was thrown. What has none is our fault, and stays out of the answer:
 * its text may hold anything.
 */
export function toRunstreamError(exception: unknown, requestId: string): RunstreamError {
  if (exception instanceof RunstreamError) return exception;
  if (exception instanceof HttpException) {
    if (exception.cause instanceof RunstreamError) return exception.cause;
    if (exception.cause instanceof URIError) return malformedUrl();
    const code = CODE_OF_STATUS[exception.getStatus()];
    if (code !== undefined) {
      const retryAfterSeconds = code === 'OVERLOADED' || code === 'RATE_LIMITED' ? 2 : undefined;
      return new RunstreamError(code, exception.message, { cause: exception, retryAfterSeconds });
    }
    if (exception.getStatus() >= 400 && exception.getStatus() < 500) {
      return new ValidationFailedError([{ path: '', message: exception.message }]);
    }
  }
  if (exception instanceof URIError && 'status' in exception && exception.status === 400)
    return malformedUrl();
  return new RunstreamError(
    'INTERNAL_ERROR',
    `Something failed on our side. Try again; if it happens again, report it with the request id ${requestId}.`,
    { cause: exception },
  );
}

function malformedUrl(): RunstreamError {
  return new ValidationFailedError([
    { path: 'url', message: 'not a valid URL: percent-encode its UTF-8 bytes' },
  ]);
}

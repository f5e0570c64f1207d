import { HttpException } from '@nestjs/common';
import { type ErrorCode, RunstreamError, ValidationFailedError } from '../../common/index.js';

/** Codes for errors of parsers and of the framework, which know a status only. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};

/**
 * Finds the public meaning of whatever was thrown. What has none is our fault, and stays out of the answer:
 * its text may hold anything.
 */
export function toRunstreamError(exception: unknown, requestId: string): RunstreamError {
  const own = ownError(exception);
  if (own) return own;
  const status = parserStatus(exception);
  if (status !== undefined) {
    const { message } = exception as Error;
    const code = CODE_OF_STATUS[status];
    return code === undefined
      ? new ValidationFailedError([{ path: '', message }])
      : new RunstreamError(code, message, { cause: exception });
  }
  return new RunstreamError(
    'INTERNAL_ERROR',
    `Something failed on our side. Try again; if it happens again, report it with the request id ${requestId}.`,
    { cause: exception },
  );
}

/** An error of the application's own or of its libraries, which decides by itself how it is answered. */
export function isForeign(exception: unknown): exception is HttpException {
  return exception instanceof HttpException && ownError(exception) === undefined;
}

function ownError(exception: unknown): RunstreamError | undefined {
  if (exception instanceof RunstreamError) return exception;
  if (exception instanceof URIError && 'status' in exception && exception.status === 400)
    return malformedUrl();
  if (!(exception instanceof HttpException)) return undefined;
  if (exception.cause instanceof RunstreamError) return exception.cause;
  return exception.cause instanceof URIError ? malformedUrl() : undefined;
}

/** What a body parser of Express found wrong with a request, as the package http-errors says it. */
function parserStatus(exception: unknown): number | undefined {
  if (!(exception instanceof Error) || !('expose' in exception) || exception.expose !== true)
    return undefined;
  const status = 'status' in exception ? exception.status : undefined;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}

function malformedUrl(): RunstreamError {
  return new ValidationFailedError([
    { path: 'url', message: 'not a valid URL: percent-encode its UTF-8 bytes' },
  ]);
}

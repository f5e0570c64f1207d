import { type ArgumentsHost, Catch, type ExceptionFilter, Logger, NotFoundException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { RunstreamError } from '../../common/index.js';
import { pathOf } from '../edge/front.js';
import { errorBody } from './error-body.js';
import { NoContent } from './no-content.js';
import { postponeWatcher } from './postpone-watcher.js';
import { RequestCutError } from '../body/request-cut-error.js';
import '../request.js';
import { toRunstreamError } from './to-runstream-error.js';

/**
 * Answers every error of every layer with the one error body.
 *
 * @publicApi
 */
@Catch()
export class RunstreamExceptionFilter implements ExceptionFilter {
  private readonly logger = new Logger('HTTP');

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    if (exception instanceof NoContent && !response.headersSent) {
      dropContentHeaders(response);
      response.status(204).end();
      return;
    }
    const unmatched = isUnmatched(exception, request);
    const methods = unmatched ? (request.match?.methods ?? []) : [];
    if (methods.length > 0) response.setHeader('Allow', methods.join(', '));
    if (methods.length > 0 && request.method === 'OPTIONS') {
      response.status(204).end();
      return;
    }
    const error = unmatched ? noSuchRoute(request, methods) : toRunstreamError(exception, request.requestId);
    response.errorCode = error.code;
    const gone = exception instanceof RequestCutError || response.destroyed;
    if (error.code === 'INTERNAL_ERROR' && !gone) this.report(error.cause, request);
    if (gone || response.headersSent) {
      // A half-sent answer must not look like a whole one.
      if (!response.writableFinished) response.destroy();
      return;
    }
    dropContentHeaders(response);
    if (error.status === 503 && postponeWatcher(request, response)) return;
    if (error.retryAfterSeconds !== undefined)
      response.setHeader('Retry-After', String(error.retryAfterSeconds));
    if (error.code === 'UNAUTHORIZED') response.setHeader('WWW-Authenticate', 'Bearer');
    response.status(error.status);
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.setHeader('Cache-Control', 'no-store');
    const body = JSON.stringify(errorBody(error, request.requestId));
    response.setHeader('Content-Length', Buffer.byteLength(body));
    response.end(body);
  }

  /** The path without its query, which may carry a credential. */
  private report(cause: unknown, request: Request): void {
    const where = `${request.method} ${pathOf(request)} [${request.requestId}]`;
    const { message, stack } =
      cause instanceof Error
        ? cause
        : { message: `${typeof cause} was thrown: ${String(cause)}`, stack: undefined };
    this.logger.error(`${where} failed: ${message}`, stack);
  }
}

/** Nest reports a request that no route took as an exception of its own, with this text. */
function isUnmatched(exception: unknown, request: Request): boolean {
  return (
    exception instanceof NotFoundException &&
    exception.message === `Cannot ${request.method} ${request.originalUrl}`
  );
}

function noSuchRoute(request: Request, methods: readonly string[]): RunstreamError {
  const path = pathOf(request).slice(0, 200);
  return methods.length > 0
    ? new RunstreamError(
        'METHOD_NOT_ALLOWED',
        `${path} does not take ${request.method}. Use ${methods.join(', ')}.`,
      )
    : new RunstreamError(
        'ROUTE_NOT_FOUND',
        `There is no route ${request.method} ${path}. GET /docs lists all routes.`,
      );
}

/** What a route set for the answer it did not come to. */
function dropContentHeaders(response: Response): void {
  for (const name of ['Content-Type', 'Content-Length', 'Content-Encoding', 'ETag'])
    response.removeHeader(name);
}

import { Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { RequestCutError } from '../body/request-cut-error.js';
import '../request.js';
import { pathOf } from '../request.js';
import { errorBody } from './error-body.js';
import { NoContent } from './no-content.js';
import { postponeWatcher } from './postpone-watcher.js';
import { toRunstreamError } from './to-runstream-error.js';

const logger = new Logger('HTTP');

/** Answers with the one error body, or the one that the route has, whatever was thrown. */
export function answerError(exception: unknown, request: Request, response: Response): void {
  if (exception instanceof NoContent && !response.headersSent) {
    dropContentHeaders(response);
    response.status(204).end();
    return;
  }
  const error = toRunstreamError(exception, request.requestId);
  response.errorCode = error.code;
  const gone = exception instanceof RequestCutError || response.destroyed;
  if (error.code === 'INTERNAL_ERROR' && !gone) report(error.cause, request);
  if (gone || response.headersSent) {
    // A half-sent answer must not look like a whole one.
    if (!response.writableFinished) response.destroy();
    return;
  }
  const isForLater = error.status === 503 || error.code === 'TENANT_LIMIT';
  if (isForLater && postponeWatcher(request, response)) return;
  if (error.retryAfterSeconds !== undefined)
    response.setHeader('Retry-After', String(error.retryAfterSeconds));
  if (error.code === 'UNAUTHORIZED') response.setHeader('WWW-Authenticate', 'Bearer');
  const body = errorBody(error, request.requestId);
  const form = request.match?.route?.errorForm;
  sendError(response, error.status, form ? form(body, error.status) : body);
}

/** Sends a body of an error, without caches keeping it. */
export function sendError(response: Response, status: number, body: object): void {
  dropContentHeaders(response);
  const text = JSON.stringify(body);
  response.status(status);
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(text);
}

/** The path without its query, which may carry a credential. */
function report(cause: unknown, request: Request): void {
  const where = `${request.method} ${pathOf(request)} [${request.requestId}]`;
  const { message, stack } =
    cause instanceof Error
      ? cause
      : { message: `${typeof cause} was thrown: ${String(cause)}`, stack: undefined };
  logger.error(`${where} failed: ${message}`, stack);
}

/** What a route set for the answer it did not come to. */
function dropContentHeaders(response: Response): void {
  for (const name of ['Content-Type', 'Content-Length', 'Content-Encoding', 'ETag'])
    response.removeHeader(name);
}

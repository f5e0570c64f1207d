import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  type HttpException,
  HttpStatus,
  NotFoundException,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { RunstreamError } from '../../common/index.js';
import '../request.js';
import { pathOf } from '../request.js';
import { answerError, sendError } from './answer-error.js';
import { answerWrongMethod } from './wrong-method.js';
import { isForeign } from './to-runstream-error.js';

/** Answers every error of a whole application in the one error body. `configureRunstream()` installs it. */
@Catch()
export class RunstreamExceptionFilter implements ExceptionFilter {
  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    if (isUnmatched(exception, request)) {
      if (!answerWrongMethod(request, response)) answerError(noSuchRoute(request), request, response);
    } else if (isForeign(exception) && !response.headersSent) answerForeign(exception, request, response);
    else answerError(exception, request, response);
  }
}

/** It keeps its status, and what it says. */
function answerForeign(exception: HttpException, { requestId }: Request, response: Response): void {
  const status = exception.getStatus();
  const { message, error: _error, statusCode: _status, ...more } = fieldsOf(exception.getResponse());
  // The framework's own validation lists what is wrong in place of a message.
  const list = Array.isArray(message) ? { violations: message as unknown[] } : {};
  const details = { ...list, ...more };
  sendError(response, status, {
    code: HttpStatus[status] ?? `HTTP_${status}`,
    message: exception.message,
    ...(Object.keys(details).length > 0 && { details }),
    request_id: requestId,
  });
}

/** Nest reports a request that no route took as an exception of its own, with this text. */
function isUnmatched(exception: unknown, request: Request): boolean {
  return (
    exception instanceof NotFoundException &&
    exception.message === `Cannot ${request.method} ${request.originalUrl}`
  );
}

function noSuchRoute(request: Request): RunstreamError {
  const path = pathOf(request).slice(0, 200);
  return new RunstreamError(
    'ROUTE_NOT_FOUND',
    `There is no route ${request.method} ${path}. GET /docs lists all routes.`,
  );
}

function fieldsOf(said: string | object): { message?: unknown; error?: unknown; statusCode?: unknown } {
  return typeof said === 'string' ? {} : said;
}

import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { answerError } from './answer-error.js';
import { isForeign } from './to-runstream-error.js';

/**
 * Answers the errors of Runstream's routes. What a guard or an interceptor of the application's own throws there is
 * handed on to the application's filters.
 */
@Catch()
export class RouteExceptionFilter implements ExceptionFilter {
  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    if (isForeign(exception)) http.getNext<NextFunction>()(exception);
    else answerError(exception, http.getRequest<Request>(), http.getResponse<Response>());
  }
}

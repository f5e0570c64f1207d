import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { Response } from 'express';
import { RunstreamError } from 'runstream';

/** The error body of this application: RFC 9457. Runstream's routes keep theirs, which their clients know. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Problem');

  catch(error: unknown, host: ArgumentsHost): void {
    const status = statusOf(error);
    if (status >= 500) this.logger.error(error);
    const title = status < 500 && error instanceof Error ? error.message : 'Something went wrong.';
    const response = host.switchToHttp().getResponse<Response>();
    response.status(status).type('application/problem+json').send(JSON.stringify({ status, title }));
  }
}

function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  // What `Runstream` throws in routes of this application.
  return error instanceof RunstreamError ? error.status : 500;
}

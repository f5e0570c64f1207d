import { type ArgumentsHost, Catch, HttpException } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { RunstreamError } from 'runstream';

/** An unknown run is 404 also on routes of one's own, and no fault of the application: Nest alone would answer 500. */
@Catch(RunstreamError)
export class RunstreamErrorsFilter extends BaseExceptionFilter {
  override catch(error: RunstreamError, host: ArgumentsHost): void {
    super.catch(new HttpException(error.message, error.status, { cause: error }), host);
  }
}

import type { NextFunction, Request, Response } from 'express';
import { type AllowedOrigins, LOCAL_ORIGIN } from '../../common/index.js';

/** Response headers of ours that a script in a browser may read. */
const EXPOSED_HEADERS = ['X-Request-Id', 'Location', 'Retry-After', 'Idempotency-Replayed'];

/** Options for Nest's `enableCors`. Credentials are bearer tokens and never cookies, so none are allowed. */
export function corsOptions(origins: AllowedOrigins) {
  return {
    origin: origins === 'localhost' ? LOCAL_ORIGIN : origins.includes('*') ? '*' : [...origins],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: 600,
    preflightContinue: true,
  };
}

/** Ends a browser's preflight. An OPTIONS request that is none goes on to the routes. */
export function endPreflight(request: Request, response: Response, next: NextFunction): void {
  const isPreflight =
    request.method === 'OPTIONS' &&
    request.headers.origin !== undefined &&
    request.headers['access-control-request-method'] !== undefined;
  if (isPreflight) response.status(204).end();
  else next();
}

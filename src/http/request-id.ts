import type { NextFunction, Request, Response } from 'express';
import { randomUUID } from 'node:crypto';
import './request.js';

/** Plain enough to be copied into a log line or a header unchanged. */
const ACCEPTED = /^[A-Za-z0-9._-]{1,128}$/;

/** Keeps the caller's `X-Request-Id` if it is a plain word, else makes one; sent with every response. */
export function requestId(request: Request, response: Response, next: NextFunction): void {
  const given = request.get('x-request-id');
  request.requestId = given !== undefined && ACCEPTED.test(given) ? given : randomUUID();
  response.setHeader('X-Request-Id', request.requestId);
  next();
}

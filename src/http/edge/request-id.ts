import type { Request, Response } from 'express';
import { randomUUID } from 'node:crypto';
import '../request.js';

/** Plain enough to be copied into a log line or a header unchanged. */
const ACCEPTED = /^[A-Za-z0-9._-]{1,128}$/;

/** Keeps the caller's `X-Request-Id` if it is a plain word, else makes one; sent with every response. */
export function requestId(request: Request, response: Response): void {
  const given = request.headers['x-request-id'];
  request.requestId = typeof given === 'string' && ACCEPTED.test(given) ? given : randomUUID();
  response.setHeader('X-Request-Id', request.requestId);
}

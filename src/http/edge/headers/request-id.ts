import type { Request } from 'express';
import { randomUUID } from 'node:crypto';

/** Plain enough to be copied into a log line or a header unchanged. */
const ACCEPTED = /^[A-Za-z0-9._-]{1,128}$/;

/** The caller's `X-Request-Id` if it is a plain word, else a new one; sent with every response. */
export function requestId(request: Request): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && ACCEPTED.test(given) ? given : randomUUID();
}

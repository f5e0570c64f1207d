import { createHash } from 'node:crypto';
import type { Request } from 'express';
import { readInteger, ValidationFailedError } from '../common/index.js';
import type { IdempotentRequest } from '../event-store/index.js';
import { readTraceHeaders, type TraceContext } from '../events/index.js';
import { activeTrace } from '../tracing/index.js';

const KEY = /^[\x20-\x7e]{1,255}$/;

/**
 * The request's `Idempotency-Key`, with a digest of what it asks for. Undefined without one.
 *
 * @param operation what is asked for, and of which run: the same whatever prefix or version the application has now
 * @throws ValidationFailedError
 */
export function idempotentRequest(
  request: Request,
  operation: 'POST /runs' | `POST /runs/${string}/events`,
): IdempotentRequest | undefined {
  const key = request.get('Idempotency-Key');
  if (key === undefined) return undefined;
  assertIdempotencyKey(key, 'Idempotency-Key');
  const digest = createHash('sha256');
  digest.update(`${operation}\n`).update(request.rawBody ?? '');
  return { key, fingerprint: digest.digest('base64url') };
}

/** @throws ValidationFailedError */
export function assertIdempotencyKey(key: unknown, path: string): asserts key is string {
  if (typeof key !== 'string' || !KEY.test(key))
    throw new ValidationFailedError([{ path, message: 'must be 1 to 255 printable ASCII characters' }]);
}

/** @throws ValidationFailedError for what is no sequence */
export function expectedSequence(request: Request): number | undefined {
  const text = request.get('Expected-Sequence');
  if (text === undefined) return undefined;
  const sequence = readInteger(text, 0);
  if (sequence === undefined) {
    throw badHeader('Expected-Sequence', 'must be the sequence of an event, or 0, in decimal digits');
  }
  return sequence;
}

/**
 * The trace that a request belongs to. Where the application traces its requests that is the span under way, which goes on
 * what the header began; else it is that of the header.
 */
export function traceOf({ headers }: Request): TraceContext | undefined {
  return activeTrace() ?? readTraceHeaders(headers['traceparent'], headers['tracestate']);
}

export function badHeader(path: string, message: string): ValidationFailedError {
  return new ValidationFailedError([{ path, message }]);
}

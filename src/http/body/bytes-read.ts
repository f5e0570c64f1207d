import type { Request } from 'express';
import { ValidationFailedError } from '../../common/index.js';
import { tooLarge, type ReadBodyOptions } from './read-body.js';

/**
 * The body of a request that somebody has read already: the platform that calls the application (a cloud function), or an
 * application that this one is mounted in. What was parsed there is printed again, so that its size, its depth and its
 * numbers are looked at in the one way there is.
 *
 * @throws RunstreamError PAYLOAD_TOO_LARGE; Error when nobody has kept the body
 */
export function bytesRead(request: Request, limitBytes: number, hold: ReadBodyOptions['hold']): Buffer {
  const bytes = keptBytes(request);
  if (bytes.length > limitBytes) throw tooLarge(limitBytes);
  hold(bytes.length);
  return bytes;
}

function keptBytes({ rawBody, body }: Request): Buffer {
  for (const kept of [rawBody, body as unknown]) {
    if (Buffer.isBuffer(kept)) return kept;
    if (typeof kept === 'string') return Buffer.from(kept);
  }
  if (body !== undefined) return Buffer.from(print(body));
  throw new Error(
    'The body was read before Runstream could, and neither request.body nor request.rawBody has it. ' +
      'Let what reads it leave the paths of Runstream out, or keep the body.',
  );
}

/** `1e999` was parsed to Infinity, which would be printed as null. */
function print(body: unknown): string {
  const finite = (_name: string, value: unknown): unknown => {
    if (typeof value !== 'number' || Number.isFinite(value)) return value;
    throw new ValidationFailedError([{ path: '', message: 'the body holds a number that is too large' }]);
  };
  try {
    return JSON.stringify(body, finite);
  } catch (error) {
    if (error instanceof ValidationFailedError) throw error;
    throw new ValidationFailedError([{ path: '', message: 'the body is nested too deeply' }]);
  }
}

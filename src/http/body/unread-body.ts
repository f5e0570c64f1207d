import type { Request } from 'express';
import { Readable } from 'node:stream';
import { RunstreamError } from '../../common/index.js';

/**
 * The bytes of an upload, as they arrive. A body parser of the application that takes every media type has read it
 * already, and keeps it as a text or bytes.
 *
 * @throws RunstreamError UNSUPPORTED_MEDIA_TYPE when it was read and not kept: nothing would ever arrive
 */
export function unreadBody(request: Request): Readable & { readonly complete?: boolean } {
  if (!request.readableDidRead) return request;
  for (const kept of [request.body as unknown, request.rawBody]) {
    if (Buffer.isBuffer(kept) || typeof kept === 'string')
      return Object.assign(Readable.from([Buffer.from(kept)]), { complete: true });
  }
  throw new RunstreamError(
    'UNSUPPORTED_MEDIA_TYPE',
    'A body parser of this application has read the upload, and did not keep its lines: let it leave ' +
      'application/x-ndjson out.',
  );
}

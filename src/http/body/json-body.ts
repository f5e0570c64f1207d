import type { Request, Response } from 'express';
import { decodeUtf8, parseJson, RunstreamError } from '../../common/index.js';
import type { BodyRule } from '../edge/routes/route-metadata.js';
import { contentTypeOf } from './content-type.js';
import { hasBody } from './has-body.js';
import { JSON_MEDIA_TYPE, NDJSON_MEDIA_TYPE } from './media-types.js';
import { bytesRead } from './bytes-read.js';
import { readBody, type ReadBodyOptions } from './read-body.js';
import { sendContinue } from './send-continue.js';
import '../request.js';

export type JsonBodyOptions = Pick<ReadBodyOptions, 'limitBytes' | 'graceMs'>;

/**
 * Reads a JSON body into `body` and `rawBody`, as far as its route takes one. NDJSON is left unread for its route;
 * anything else with a body is refused.
 */
export function jsonBody(options: JsonBodyOptions) {
  return async (request: Request, response: Response, rule: BodyRule): Promise<void> => {
    if (!hasBody(request)) return;
    if (assertReadable(request) === NDJSON_MEDIA_TYPE) return;
    const isPublic = request.match?.isPublic ?? false;
    if (isPublic && isEncoded(request)) {
      throw unsupported('This route takes no Content-Encoding. Send the body plain.');
    }
    sendContinue(request, response);
    const limitBytes = Math.min(rule.maxBytes ?? Infinity, options.limitBytes);
    const hold = request.place?.hold ?? ignore;
    const graceMs = isPublic ? options.graceMs / 3 : options.graceMs;
    const bytes = request.readableDidRead
      ? bytesRead(request, limitBytes, hold)
      : await readBody(request, { limitBytes, graceMs, hold });
    if (bytes.length > 0) {
      request.rawBody = bytes;
      request.body = parseJson(decodeUtf8(bytes));
    }
  };
}

/** @returns the media type @throws RunstreamError when it is neither JSON nor NDJSON in UTF-8 */
function assertReadable(request: Request): string {
  const type = contentTypeOf(request);
  if (type?.media !== JSON_MEDIA_TYPE && type?.media !== NDJSON_MEDIA_TYPE) {
    throw unsupported(
      `${type ? `Content-Type ${type.media.slice(0, 80)} is not understood` : 'The Content-Type header is missing'}. ` +
        `Send ${JSON_MEDIA_TYPE}, or ${NDJSON_MEDIA_TYPE} where events are appended.`,
    );
  }
  if (type.charset !== undefined && type.charset !== 'utf-8' && type.charset !== 'utf8') {
    throw unsupported(`The charset ${type.charset.slice(0, 40)} is not understood. Send UTF-8.`);
  }
  if (type.media === NDJSON_MEDIA_TYPE && isEncoded(request)) {
    throw unsupported('NDJSON is taken up line by line, as it arrives. Send it without Content-Encoding.');
  }
  return type.media;
}

function isEncoded({ headers }: Request): boolean {
  return (headers['content-encoding']?.trim().toLowerCase() ?? 'identity') !== 'identity';
}

function unsupported(message: string): RunstreamError {
  return new RunstreamError('UNSUPPORTED_MEDIA_TYPE', message);
}

function ignore(): void {
  // Nothing is counted for routes that are always admitted; they take no body.
}

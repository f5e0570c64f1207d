import type { NextFunction, Request, Response } from 'express';
import { decodeUtf8, parseJson, RunstreamError } from '../../common/index.js';
import type { Admission } from '../admission/index.js';
import { parseContentType } from './content-type.js';
import { hasBody } from './has-body.js';
import { JSON_MEDIA_TYPE, NDJSON_MEDIA_TYPE } from './media-types.js';
import { readBody, type ReadBodyOptions } from './read-body.js';
import '../request.js';

const METHODS_WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

/**
 * Reads a JSON body into `body` and `rawBody`. NDJSON is left unread for its route; anything else with a body
 * is refused.
 */
export function jsonBody(options: Omit<ReadBodyOptions, 'hold'>, admission: Admission) {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    request.body = undefined;
    if (!METHODS_WITH_BODY.has(request.method) || !hasBody(request)) return next();
    if (assertReadable(request) === NDJSON_MEDIA_TYPE) return next();
    const bytes = await readBody(request, { ...options, hold: admission.holder(response) });
    if (bytes.length > 0) {
      request.rawBody = bytes;
      request.body = parseJson(decodeUtf8(bytes));
    }
    next();
  };
}

/** @returns the media type @throws RunstreamError when it is neither JSON nor NDJSON in UTF-8 */
function assertReadable(request: Request): string {
  const type = parseContentType(request.headers['content-type']);
  if (type?.media !== JSON_MEDIA_TYPE && type?.media !== NDJSON_MEDIA_TYPE) {
    throw unsupported(
      `${type ? `Content-Type ${type.media.slice(0, 80)} is not understood` : 'The Content-Type header is missing'}. ` +
        `Send ${JSON_MEDIA_TYPE}, or ${NDJSON_MEDIA_TYPE} where events are appended.`,
    );
  }
  if (type.charset !== undefined && type.charset !== 'utf-8' && type.charset !== 'utf8') {
    throw unsupported(`The charset ${type.charset.slice(0, 40)} is not understood. Send UTF-8.`);
  }
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (type.media === NDJSON_MEDIA_TYPE && encoding !== 'identity') {
    throw unsupported('NDJSON is taken up line by line, as it arrives. Send it without Content-Encoding.');
  }
  return type.media;
}

function unsupported(message: string): RunstreamError {
  return new RunstreamError('UNSUPPORTED_MEDIA_TYPE', message);
}

import type { Request } from 'express';
import { RunstreamError } from '../../common/index.js';
import { isNdjson } from '../body/content-type.js';
import { assigned, checkDto } from './check-dto.js';
import { assertObject } from './known-members.js';

/**
 * The JSON body of a request, checked against a class. An absent body counts as `{}`. It is a function and no parameter
 * decorator, since an application's global pipes are given what every decorator takes, and may change or refuse it.
 *
 * @throws ValidationFailedError; RunstreamError UNSUPPORTED_MEDIA_TYPE for NDJSON
 *
 * @publicApi
 */
export function readJson<T extends object>(request: Request, Dto: new () => T): T {
  // It is left unread for the route that takes it line by line.
  if (isNdjson(request)) {
    throw new RunstreamError(
      'UNSUPPORTED_MEDIA_TYPE',
      'NDJSON is for appending events. Send application/json here.',
    );
  }
  const body: unknown = request.body === undefined ? {} : request.body;
  assertObject(body);
  return checkDto(body, Dto, assigned);
}

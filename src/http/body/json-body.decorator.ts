import { createParamDecorator, type ExecutionContext, type Type } from '@nestjs/common';
import { validateSync } from 'class-validator';
import type { Request } from 'express';
import { RunstreamError, ValidationFailedError } from '../../common/index.js';
import { assertObject, splitMembers } from '../known-members.js';
import { NDJSON_MEDIA_TYPE } from './media-types.js';
import { toViolations } from '../validation-pipe.js';

/**
 * The JSON body, checked against a class. Unlike with Nest's `@Body()` values are taken over as they are:
 * class-transformer would rebuild what belongs to the caller, and lose or trip over keys such as `constructor` (T64).
 *
 * An absent body counts as `{}`.
 */
export const JsonBody = createParamDecorator((Dto: Type<object>, context: ExecutionContext): object => {
  const request = context.switchToHttp().getRequest<Request>();
  // It is left unread for the route that takes it line by line.
  if (request.is(NDJSON_MEDIA_TYPE)) {
    throw new RunstreamError(
      'UNSUPPORTED_MEDIA_TYPE',
      'NDJSON is for appending events. Send application/json here.',
    );
  }
  const body: unknown = request.body === undefined ? {} : request.body;
  assertObject(body);
  const { known, unknown, uncounted } = splitMembers(body, Dto);
  const dto = Object.assign(new Dto(), known);
  const errors = validateSync(dto, { validationError: { target: false, value: false } });
  const violations = [...unknown, ...toViolations(errors)];
  if (violations.length > 0) throw new ValidationFailedError(violations, uncounted);
  return dto;
});

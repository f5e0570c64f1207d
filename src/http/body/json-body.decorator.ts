import { createParamDecorator, type ExecutionContext, type Type } from '@nestjs/common';
import { validateSync } from 'class-validator';
import type { Request } from 'express';
import { RunstreamError, ValidationFailedError } from '../../common/index.js';
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
  const body: unknown = request.body ?? {};
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ValidationFailedError([{ path: '', message: 'the body must be a JSON object' }]);
  }
  // Names that every object inherits would change the instance rather than be kept in it; no class has one.
  const inherited = Object.keys(body).filter((key) => key in Object.prototype);
  if (inherited.length > 0) {
    throw new ValidationFailedError(inherited.map((path) => ({ path, message: 'is not a known property' })));
  }
  const dto = Object.assign(new Dto(), body);
  const errors = validateSync(dto, {
    whitelist: true,
    forbidNonWhitelisted: true,
    validationError: { target: false, value: false },
  });
  if (errors.length > 0) throw new ValidationFailedError(toViolations(errors));
  return dto;
});

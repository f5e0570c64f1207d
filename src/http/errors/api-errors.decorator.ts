import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ERROR_STATUS, type ErrorCode } from '../../common/index.js';
import type { ErrorBody } from './error-body.js';
import { ERROR_MEANING } from './error-meaning.js';
import { ErrorResponse } from './error-response.dto.js';

/** Codes whose answers tell when to try again. */
const WITH_RETRY_AFTER: readonly ErrorCode[] = [
  'RATE_LIMITED',
  'NOT_REPLICATED',
  'TENANT_LIMIT',
  'REDIS_UNAVAILABLE',
  'OVERLOADED',
];

/**
 * Documents which errors a route answers with. Name all codes of a route in one decorator: a second one
 * replaces the statuses they share.
 *
 * @publicApi
 */
export function ApiErrors(...codes: ErrorCode[]): MethodDecorator & ClassDecorator {
  // Any request may meet a defect, or an instance that takes on nothing more (admission).
  const all = [...new Set<ErrorCode>([...codes, 'INTERNAL_ERROR', 'OVERLOADED'])];
  const statuses = [...new Set(all.map((code) => ERROR_STATUS[code]))];
  return applyDecorators(
    ApiExtraModels(ErrorResponse),
    ...statuses.map((status) => {
      const grouped = all.filter((code) => ERROR_STATUS[code] === status);
      return ApiResponse({
        status,
        description: grouped.map((code) => `\`${code}\`: ${ERROR_MEANING[code]}`).join('\n\n'),
        ...(grouped.some((code) => WITH_RETRY_AFTER.includes(code)) ? { headers: RETRY_AFTER } : {}),
        content: {
          'application/json': {
            schema: { $ref: getSchemaPath(ErrorResponse) },
            examples: Object.fromEntries(grouped.map((code) => [code, { value: example(code) }])),
          },
        },
      });
    }),
  );
}

const RETRY_AFTER = {
  'Retry-After': {
    description: 'Seconds to wait before the next try.',
    schema: { type: 'integer' as const },
  },
};

function example(code: ErrorCode): ErrorBody {
  return {
    code,
    message: ERROR_MEANING[code],
    ...(code === 'VALIDATION_FAILED'
      ? { details: [{ path: 'task', message: 'task must be a string' }] }
      : {}),
    ...(code === 'SEQUENCE_CONFLICT' ? { details: { sequence: 42 } } : {}),
    request_id: '0b0c7a5e-5d3f-4c1e-9a53-1f0a2f6b7c11',
  };
}

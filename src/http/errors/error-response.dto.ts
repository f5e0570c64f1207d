import { ApiProperty } from '@nestjs/swagger';
import { ERROR_STATUS, MAX_VIOLATIONS } from '../../common/index.js';

/** The body of every error. */
export class ErrorResponse {
  @ApiProperty({ enum: Object.keys(ERROR_STATUS), enumName: 'ErrorCode', example: 'RUN_NOT_FOUND' })
  code!: string;

  @ApiProperty({ description: 'What is wrong and what to do next, for people.' })
  message!: string;

  @ApiProperty({
    required: false,
    description: `Facts for programs. With \`VALIDATION_FAILED\` a list of at most ${MAX_VIOLATIONS} \`{path, message}\`.`,
    oneOf: [
      { type: 'object', additionalProperties: true },
      { type: 'array', items: { type: 'object', additionalProperties: true } },
    ],
  })
  details?: unknown;

  @ApiProperty({
    required: false,
    type: 'integer',
    minimum: 1,
    description: 'How many violations there were besides those in `details`. Absent when there were no more.',
  })
  more?: number;

  @ApiProperty({
    description: 'Also in the `X-Request-Id` header.',
    example: '0b0c7a5e-5d3f-4c1e-9a53-1f0a2f6b7c11',
  })
  request_id!: string;
}

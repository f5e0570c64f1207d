import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, ValidateBy } from 'class-validator';
import { isText } from '../../common/index.js';

export interface TextOptions {
  minLength?: number;
  /** Characters are code points, as OpenAPI counts them. */
  maxLength: number;
  description?: string;
  example?: string;
  default?: string;
  /** Whether it may be left out. Default: it may not. */
  optional?: boolean;
  /** Whether it may be null, which means the same as leaving it out. Default: it may not. */
  nullable?: boolean;
}

/**
 * A text of a bounded length, in a body or a query, with its OpenAPI part. class-validator's own `Length` counts
 * otherwise: neither variation selectors, nor half of a surrogate pair that stands alone.
 */
export function Text({ optional = false, ...options }: TextOptions): PropertyDecorator {
  const { minLength = 0, maxLength } = options;
  const length = minLength > 0 ? `${minLength} to ${maxLength}` : `at most ${maxLength}`;
  return applyDecorators(
    ApiProperty({ ...options, type: String, required: !optional }),
    ...(optional ? [IsOptional()] : []),
    ValidateBy({
      name: 'text',
      validator: {
        validate: (value: unknown) => isText(value, minLength, maxLength),
        defaultMessage: () => `must be text of ${length} characters, without half a surrogate pair`,
      },
    }),
  );
}

import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, ValidateBy } from 'class-validator';

export interface WholeNumberOptions {
  minimum: number;
  maximum: number;
  /** What counts when it is absent or null. Default: it must be given. */
  default?: number;
  description?: string;
}

/** A whole number in a body, with its OpenAPI part. */
export function WholeNumber({ minimum, maximum, ...options }: WholeNumberOptions): PropertyDecorator {
  const { default: otherwise, description = '' } = options;
  const isOptional = otherwise !== undefined;
  return applyDecorators(
    // No `default`: generators take a property with one for one that must be given.
    ApiProperty({
      ...{ type: 'integer', minimum, maximum, required: !isOptional },
      ...(isOptional && { nullable: true, example: otherwise }),
      description: `${description}${isOptional ? ` Default ${otherwise}.` : ''}`.trim(),
    }),
    ...(isOptional ? [IsOptional()] : []),
    ValidateBy({
      name: 'wholeNumber',
      validator: {
        validate: (value: unknown) =>
          Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum,
        defaultMessage: () => `must be a whole number from ${minimum} to ${maximum}`,
      },
    }),
  );
}

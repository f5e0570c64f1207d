import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsOptional, ValidateBy } from 'class-validator';
import { readInteger } from '../../common/index.js';

/** What a whole number in a query may be, and what it is when it is left out. @publicApi */
export interface QueryIntegerOptions {
  minimum: number;
  maximum: number;
  default: number;
  description?: string;
}

/**
 * A whole number in a query, written in decimal digits. What is anything else, is empty or is given twice is
 * refused. The property is initialised with the same default.
 *
 * @publicApi
 */
export function QueryInteger(options: QueryIntegerOptions): PropertyDecorator {
  const { minimum, maximum } = options;
  return applyDecorators(
    ApiProperty({ ...options, required: false, type: 'integer' }),
    IsOptional(),
    Transform(({ value }: { value: unknown }) => readInteger(value, minimum, maximum) ?? value),
    ValidateBy({
      name: 'queryInteger',
      validator: {
        validate: (value: unknown) => typeof value === 'number',
        defaultMessage: () => `must be a whole number from ${minimum} to ${maximum}, in decimal digits, once`,
      },
    }),
  );
}

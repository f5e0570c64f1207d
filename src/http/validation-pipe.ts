import { type ArgumentMetadata, type ValidationError, ValidationPipe } from '@nestjs/common';
import { ValidationFailedError, type Violation } from '../common/index.js';
import { NoQuery } from './no-query.js';

const UNKNOWN = 'unknown; remove it or correct its name';

/** Names that every object inherits: class-transformer and class-validator drop them without a word. */
const isInherited = (key: string) => key in Object.prototype;

/**
 * Checks bodies, queries and parameters against their classes. Unknown properties are refused by name, so that
 * a typo never passes silently. Not for what belongs to the caller (`data`, `metadata`, `input`): class-transformer
 * would rebuild it, and lose or trip over keys such as `constructor`.
 *
 * @publicApi
 */
export class RequestValidationPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      transform: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors) => new ValidationFailedError(toViolations(errors)),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (!this.toValidate(metadata) || !isObject(value)) return super.transform(value, metadata);
    const names = Object.keys(value);
    // Most requests: there is nothing to check, nor to build.
    if (names.length === 0 && metadata.metatype === NoQuery) return new NoQuery();
    const dropped = names.filter(isInherited);
    if (dropped.length > 0)
      throw new ValidationFailedError(dropped.map((path) => ({ path, message: UNKNOWN })));
    return super.transform(value, metadata);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Flattens nested errors into one item a broken rule, with the whole way to the property. */
export function toViolations(errors: readonly ValidationError[], parent = ''): Violation[] {
  return errors.flatMap((error) => {
    const path = join(parent, error.property);
    const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
      path,
      message: rule === 'whitelistValidation' ? UNKNOWN : message,
    }));
    return [...own, ...toViolations(error.children ?? [], path)];
  });
}

function join(parent: string, property: string): string {
  if (parent && /^\d+$/.test(property)) return `${parent}[${property}]`;
  return parent ? `${parent}.${property}` : property;
}

import { type ArgumentMetadata, type ValidationError, ValidationPipe } from '@nestjs/common';
import { ValidationFailedError, type Violation } from '../common/index.js';
import { assertObject, splitMembers, unknownMember } from './known-members.js';
import { NoQuery } from './no-query.js';

/**
 * Checks bodies, queries and parameters against their classes. Unknown properties are refused by name, so that
 * a typo never passes silently. Not for what belongs to the caller (`data`, `metadata`, `input`): class-transformer
 * would rebuild it, and lose or trip over keys such as `constructor`.
 *
 * class-transformer and class-validator are given the known members of an object and nothing else: their work on
 * what is sent would be hundreds of times its size.
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
    const { metatype, type } = metadata;
    if (!metatype || !this.toValidate(metadata)) return super.transform(value, metadata);
    const given = value === undefined ? {} : value;
    if (type === 'body') assertObject(given);
    else if (typeof given !== 'object' || given === null) return super.transform(value, metadata);
    const { known, unknown, uncounted } = splitMembers(given, metatype);
    // Most requests: there is nothing to check, nor to build.
    if (metatype === NoQuery && unknown.length === 0) return new NoQuery();
    if (unknown.length === 0) return super.transform(known, metadata);
    throw new ValidationFailedError([...unknown, ...(await this.violationsOf(known, metadata))], uncounted);
  }

  private async violationsOf(value: object, metadata: ArgumentMetadata): Promise<readonly Violation[]> {
    try {
      await super.transform(value, metadata);
      return [];
    } catch (error) {
      if (error instanceof ValidationFailedError) return error.violations;
      throw error;
    }
  }
}

/** Flattens nested errors into one item a broken rule, with the whole way to the property. */
export function toViolations(errors: readonly ValidationError[], parent = ''): Violation[] {
  return errors.flatMap((error) => {
    const path = join(parent, error.property);
    const own = Object.entries(error.constraints ?? {}).map(([rule, message]) =>
      rule === 'whitelistValidation' ? unknownMember(path) : { path, message },
    );
    return [...own, ...toViolations(error.children ?? [], path)];
  });
}

function join(parent: string, property: string): string {
  if (parent && /^\d+$/.test(property)) return `${parent}[${property}]`;
  return parent ? `${parent}.${property}` : property;
}

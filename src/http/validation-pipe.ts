import { type ArgumentMetadata, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { ValidationFailedError, type Violation } from '../common/index.js';
import { jsonObjectsOf } from './json-object.decorator.js';

const UNKNOWN = 'unknown; remove it or correct its name';

/** Names that every object inherits: class-transformer and class-validator drop them without a word. */
const isInherited = (key: string) => key in Object.prototype;

/**
 * Checks bodies, queries and parameters against their classes. Unknown properties are refused by name, so that
 * a typo never passes silently; what is marked `@JsonObject()` is passed on untouched.
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
    const dropped = Object.keys(value).filter(isInherited);
    if (dropped.length > 0)
      throw new ValidationFailedError(dropped.map((path) => ({ path, message: UNKNOWN })));
    const rest = { ...value };
    const untouched = takeJsonObjects(rest, jsonObjectsOf(prototypeOf(metadata)));
    const result: unknown = await super.transform(rest, metadata);
    return isObject(result) ? Object.assign(result, untouched) : result;
  }
}

function prototypeOf({ metatype }: ArgumentMetadata): object {
  const prototype: unknown = metatype?.prototype;
  return isObject(prototype) ? prototype : {};
}

/** Moves the caller's own objects out of `from`. */
function takeJsonObjects(from: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  const taken: Record<string, unknown> = {};
  const wrong: Violation[] = [];
  for (const name of names) {
    const value = from[name] ?? undefined;
    delete from[name];
    if (value === undefined) continue;
    if (isObject(value)) taken[name] = value;
    else wrong.push({ path: name, message: `${name} must be a JSON object` });
  }
  if (wrong.length > 0) throw new ValidationFailedError(wrong);
  return taken;
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

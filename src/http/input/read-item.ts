import { ValidationFailedError } from '../../common/index.js';
import { assigned, checkDto } from './check-dto.js';
import { assertObject } from './known-members.js';

/**
 * An object within a body, checked against a class as the body is.
 *
 * @param path where it is in the body
 * @throws ValidationFailedError
 */
export function readItem<T extends object>(value: unknown, Dto: new () => T, path: string): T {
  try {
    assertObject(value);
    return checkDto(value, Dto, assigned);
  } catch (error) {
    if (!(error instanceof ValidationFailedError)) throw error;
    const violations = error.violations.map(({ path: inside, message }) => ({
      path: inside === '' ? path : `${path}.${inside}`,
      message: inside === '' ? 'must be a JSON object' : message,
    }));
    throw new ValidationFailedError(violations, error.more);
  }
}

import { plainToInstance } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';
import { ValidationFailedError, type Violation } from '../../common/index.js';
import { splitMembers } from './known-members.js';

type Dto<T> = new () => T;

/**
 * Checks what was sent against a class. Unknown members are refused by name, so that a typo never passes silently.
 * class-transformer and class-validator are given the known members and nothing else: their work on what is sent would
 * be hundreds of times its size.
 *
 * @param build makes an instance of the known members
 * @throws ValidationFailedError
 */
export function checkDto<T extends object>(
  value: object,
  Dto: Dto<T>,
  build: (Dto: Dto<T>, known: Record<string, unknown>) => T,
): T {
  const { known, unknown, uncounted } = splitMembers(value, Dto);
  const dto = build(Dto, known);
  const errors = validateSync(dto, {
    forbidUnknownValues: false,
    validationError: { target: false, value: false },
  });
  const violations = [...unknown, ...toViolations(errors)];
  if (violations.length > 0) throw new ValidationFailedError(violations, uncounted);
  return dto;
}

/**
 * Values are taken over as they are. class-transformer would rebuild what belongs to the caller (`data`, `metadata`,
 * `input`), and lose or trip over keys such as `constructor` (T64).
 */
export function assigned<T extends object>(Dto: Dto<T>, known: Record<string, unknown>): T {
  return Object.assign(new Dto(), known);
}

/** Values are made of the texts that were sent, as the class says with `@Transform()`. */
export function transformed<T extends object>(Dto: Dto<T>, known: Record<string, unknown>): T {
  return plainToInstance(Dto, known);
}

/** One item for each broken rule. */
function toViolations(errors: readonly ValidationError[]): Violation[] {
  return errors.flatMap(({ property: path, constraints = {} }) =>
    Object.values(constraints).map((message) => ({ path, message })),
  );
}

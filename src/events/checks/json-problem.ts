import { types } from 'node:util';
import { errorText, isInstance, RunstreamError, ValidationFailedError } from '../../common/index.js';

/** Where a value is no JSON, and why. */
export interface JsonProblem {
  /** The way from the value: `list[3].price`; empty for the value itself. */
  path: string;
  message: string;
}

/**
 * What keeps a value from being JSON: something at which JSON.stringify() throws, or a number for which JSON has only
 * `null`, NaN or an infinity. Undefined when there is nothing. Takes any value, reads it as JSON.stringify() does, and
 * never throws.
 *
 * What came over the wire was checked when it was parsed; what code in this process gives was not.
 */
export function jsonProblem(value: unknown): JsonProblem | undefined {
  try {
    return problemIn(value, '', []);
  } catch (error) {
    return error === TOO_DEEP ? here(TOO_DEEP.message) : here(unread(error));
  }
}

/**
 * What to throw when the check of a value ended with an error: a raw one of the value's own, such as that of a getter,
 * becomes one that says where.
 *
 * @param path what the value is called, such as `[3]`; empty for the root
 */
export function checkError(error: unknown, value: unknown, path: string): unknown {
  if (isInstance(error, RunstreamError)) return error;
  const problem = jsonProblem(value);
  // Without one the value is not to blame.
  return problem === undefined
    ? error
    : new ValidationFailedError([{ path: joinPath(path, problem.path), message: problem.message }]);
}

export function joinPath(path: string, rest: string): string {
  return path === '' || rest === '' || rest.startsWith('[') ? path + rest : `${path}.${rest}`;
}

/** Levels that the search goes into. The stack would hold more of them, but not in every place. */
const MAX_DEPTH = 2000;
/** Thrown through the whole search: nobody wants to read a way of so many levels. */
const TOO_DEEP = new Error('is nested too deeply');

/** @param around the objects that the value is in, from the outermost */
function problemIn(given: unknown, key: string | number, around: object[]): JsonProblem | undefined {
  let value: unknown;
  try {
    value = converted(given, key);
  } catch (error) {
    return here(unread(error));
  }
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : here(NOT_FINITE);
  if (typeof value === 'bigint') return here(BIGINT);
  if (typeof value !== 'object' || value === null) return undefined;
  if (around.includes(value)) return here(CIRCLE);
  if (around.length === MAX_DEPTH) throw TOO_DEEP;
  around.push(value);
  const problem = problemInside(value, around);
  around.pop();
  return problem;
}

const NOT_FINITE = 'is a number that is not finite, for which JSON has nothing';
const BIGINT = 'is a bigint, for which JSON has nothing: give it as a text';
const CIRCLE = 'holds itself, which JSON can not: leave it out, or give an id';

function problemInside(value: object, around: object[]): JsonProblem | undefined {
  let key: string | number = '';
  try {
    const names = Array.isArray(value) ? undefined : Object.keys(value);
    const count = names ? names.length : (value as unknown[]).length;
    for (let i = 0; i < count; i++) {
      key = names?.[i] ?? i;
      const problem = problemIn((value as Record<string | number, unknown>)[key], key, around);
      if (problem) return within(key, problem);
    }
    return undefined;
  } catch (error) {
    if (error === TOO_DEEP) throw error;
    return within(key, here(unread(error)));
  }
}

/** What JSON.stringify() takes in the place of a value. */
function converted(value: unknown, key: string | number): unknown {
  const isObject = typeof value === 'object' && value !== null;
  if (!isObject && typeof value !== 'bigint') return value;
  const { toJSON } = value as { toJSON?: unknown };
  const given: unknown = typeof toJSON === 'function' ? toJSON.call(value, String(key)) : value;
  if (types.isNumberObject(given)) return Number(given);
  return types.isBigIntObject(given) ? BigInt(given as never) : given;
}

function here(message: string): JsonProblem {
  return { path: '', message };
}

function within(key: string | number, { path, message }: JsonProblem): JsonProblem {
  return { path: joinPath(typeof key === 'number' ? `[${key}]` : key, path), message };
}

function unread(error: unknown): string {
  return `can't be read: ${errorText(error)}`;
}

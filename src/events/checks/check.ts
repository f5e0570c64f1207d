import {
  errorText,
  EventTooLargeError,
  isInstance,
  isText,
  MAX_VIOLATIONS,
  ValidationFailedError,
  type Violation,
} from '../../common/index.js';
import { isObject, type JsonObject } from './json-object.js';
import { joinPath, jsonProblem, type JsonProblem } from './json-problem.js';
import { toLine } from './line.js';

/** Most bytes that one event's `data`, its `metadata`, or a run's `input` may have as JSON. */
export const MAX_DATA_BYTES = 1024 * 1024;
const MAX_STRING_LENGTH = 255;

/** Collects what is wrong with one event or run, so that its producer hears of everything at once. */
export class Check {
  private readonly violations: Violation[] = [];
  private uncounted = 0;

  constructor(private readonly root: string) {}

  fail(path: string, message: string): void {
    if (this.violations.length === MAX_VIOLATIONS) this.uncounted++;
    else
      this.violations.push({ path: this.root && path ? `${this.root}.${path}` : this.root + path, message });
  }

  error(): ValidationFailedError {
    return new ValidationFailedError(this.violations, this.uncounted);
  }

  done(): void {
    if (this.violations.length > 0) throw this.error();
  }

  members(object: JsonObject, allowed: ReadonlySet<string>, prefix: string): void {
    for (const name of Object.keys(object)) {
      if (!allowed.has(name)) this.fail(prefix + name, 'is not a known property');
    }
  }

  object(value: unknown, path: string): JsonObject | undefined {
    if (value == null) return undefined;
    if (isObject(value)) return value;
    this.fail(path, 'must be a JSON object');
    return undefined;
  }

  /** Undefined when there is none. An empty one is no value, and leaving it out is how to say that. */
  string(value: unknown, path: string): string | undefined {
    if (value == null) return undefined;
    if (isText(value, 1, MAX_STRING_LENGTH)) return value;
    this.fail(
      path,
      `must be text of 1 to ${MAX_STRING_LENGTH} characters, without half a surrogate pair; leave it out for none`,
    );
    return undefined;
  }

  requiredString(value: unknown, path: string): string {
    if (value == null || value === '') {
      this.fail(path, 'is required');
      return '';
    }
    return this.string(value, path) ?? '';
  }

  /**
   * What belongs to the caller, as JSON.
   *
   * @param what it is, in a sentence: `The input of a run`
   * @throws ValidationFailedError, EventTooLargeError
   */
  json(value: JsonObject, path: string, what: string): string {
    let json: string;
    try {
      // Nothing at all, where a toJSON() gives nothing.
      json = toLine(JSON.stringify(value) ?? '');
    } catch (error) {
      // Longer than a string can be.
      if (isInstance(error, RangeError) && errorText(error).includes('string length'))
        throw new EventTooLargeError(MAX_DATA_BYTES, what);
      throw this.noJson(
        path,
        jsonProblem(value) ?? { path: '', message: `can't be JSON: ${errorText(error)}` },
      );
    }
    // An object may have a toJSON() that gives something else, as a Date has.
    if (!json.startsWith('{')) throw this.noJson(path, { path: '', message: 'must be a JSON object' });
    // Instead of a number that is not finite JSON.stringify() writes `null`.
    const lost = json.includes('null') ? jsonProblem(value) : undefined;
    if (lost) throw this.noJson(path, lost);
    // A string has at most three bytes for each UTF-16 unit, so most events skip the count.
    if (json.length > MAX_DATA_BYTES / 3 && Buffer.byteLength(json) > MAX_DATA_BYTES) {
      throw new EventTooLargeError(MAX_DATA_BYTES, what);
    }
    return json;
  }

  private noJson(path: string, problem: JsonProblem): ValidationFailedError {
    this.fail(joinPath(path, problem.path), problem.message);
    return this.error();
  }
}

import { isPrintable, isText, ValidationFailedError } from '../../common/index.js';
import { Check } from '../checks/check.js';
import type { EventContext, JsonObject, JsonObjectInput, Nullable, RunContext } from '../envelope.js';
import { readContext, toRunContext } from '../event-context.js';
import { isObject } from '../checks/json-object.js';
import { checkError } from '../checks/json-problem.js';
import type { TraceContext } from '../trace-context.js';

/** Longest `task`, in characters. */
export const MAX_TASK_LENGTH = 10_000;
/** Longest `key`, in characters. */
export const MAX_RUN_KEY_LENGTH = 255;
/** What a `key` must be. It holds no NUL: the index of keys relies on that. */
const RUN_KEY_RULE = `must be 1 to ${MAX_RUN_KEY_LENGTH} printable characters`;
const MAX_LABELS = 64;
const MAX_LABEL_LENGTH = 255;
/** No colon, so that `?label=name:value` is unambiguous. */
const LABEL_NAME = /^[^:\p{Cc}\p{Cs}]{1,63}$/u;

/** What a run begins with. Absent and `null` mean the same. */
export interface RunInput {
  /** What the run is to do, for people. */
  task: string;
  /** Default: `external`. */
  executor?: string | null | undefined;
  /**
   * The caller's name for a line of runs, such as a chat or a build: 1 to 255 printable characters. Any number of runs
   * may have the same; none needs to have one.
   */
  key?: string | null | undefined;
  /** Belongs to the caller; at most 1 MiB of JSON. */
  input?: JsonObjectInput | null | undefined;
  /** To find the run by: texts, at most 64. */
  labels?: JsonObject | null | undefined;
  context?: Nullable<EventContext> | null | undefined;
}

/** A run that was checked: the parts that are stored, each as JSON but for the task. */
export interface PreparedRun {
  task: string;
  /** Undefined when it has none. */
  key: string | undefined;
  input: string;
  labels: string;
  context: RunContext;
}

/**
 * Checks what a run is to begin with, whoever starts it, and encodes it.
 *
 * @param trace that of a run which names none itself
 * @throws ValidationFailedError, EventTooLargeError
 */
export function prepareRun(run: RunInput, trace?: TraceContext): PreparedRun {
  try {
    return prepare(run, trace);
  } catch (error) {
    throw checkError(error, run, '');
  }
}

function prepare(run: RunInput, trace?: TraceContext): PreparedRun {
  const check = new Check('');
  if (!isObject(run)) throw new ValidationFailedError([{ path: '', message: 'must be an object' }]);
  if (!isText(run.task, 1, MAX_TASK_LENGTH)) {
    check.fail('task', `must be text of 1 to ${MAX_TASK_LENGTH} characters, without half a surrogate pair`);
  }
  if (run.key != null && !isRunKey(run.key)) check.fail('key', RUN_KEY_RULE);
  const input = check.object(run.input, 'input') ?? {};
  const given = check.object(run.labels, 'labels') ?? {};
  // Copied, so that what is checked is what is stored: an object may have a toJSON(). By its keys, since V8's
  // Object.entries() and spreading also call some getters that are not enumerable.
  const labels = Object.fromEntries(Object.keys(given).map((name) => [name, given[name]]));
  if (!areLabels(labels)) {
    check.fail(
      'labels',
      `must be at most ${MAX_LABELS} texts of at most ${MAX_LABEL_LENGTH} characters, with names of 1 to 63 ` +
        'characters, without a colon',
    );
  }
  const context = readContext(run.context, check, trace);
  check.done();
  return {
    task: run.task,
    key: run.key ?? undefined,
    input: check.json(input, 'input', 'The input of a run'),
    labels: JSON.stringify(labels),
    context: toRunContext(context),
  };
}

/** @throws ValidationFailedError for what can be the key of no run */
export function assertRunKey(key: unknown): asserts key is string {
  if (!isRunKey(key)) throw new ValidationFailedError([{ path: 'key', message: RUN_KEY_RULE }]);
}

function isRunKey(key: unknown): key is string {
  return isPrintable(key, 1, MAX_RUN_KEY_LENGTH);
}

function areLabels(labels: JsonObject): boolean {
  const names = Object.keys(labels);
  return (
    names.length <= MAX_LABELS &&
    names.every((name) => LABEL_NAME.test(name) && isText(labels[name], 0, MAX_LABEL_LENGTH))
  );
}

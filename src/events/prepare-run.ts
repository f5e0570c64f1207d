import { isText } from '../common/index.js';
import { Check } from './check.js';
import type { EventContext, JsonObject, JsonObjectInput, Nullable, RunContext } from './envelope.js';
import { readContext, toRunContext } from './event-context.js';

/** Longest `task`, in characters. */
export const MAX_TASK_LENGTH = 10_000;
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
  /** Belongs to the caller; at most 1 MiB of JSON. */
  input?: JsonObjectInput | null | undefined;
  /** To find the run by: texts, at most 64. */
  labels?: JsonObject | null | undefined;
  context?: Nullable<EventContext> | null | undefined;
}

/** A run that was checked: the parts that are stored, each as JSON but for the task. */
export interface PreparedRun {
  task: string;
  input: string;
  labels: string;
  context: RunContext;
}

/**
 * Checks what a run is to begin with, whoever starts it, and encodes it.
 *
 * @throws ValidationFailedError, EventTooLargeError
 */
export function prepareRun(run: RunInput): PreparedRun {
  const check = new Check('');
  if (!isText(run.task, 1, MAX_TASK_LENGTH)) {
    check.fail('task', `must be text of 1 to ${MAX_TASK_LENGTH} characters, without half a surrogate pair`);
  }
  const input = check.object(run.input, 'input') ?? {};
  const labels = check.object(run.labels, 'labels') ?? {};
  if (!areLabels(labels)) {
    check.fail(
      'labels',
      `must be at most ${MAX_LABELS} texts of at most ${MAX_LABEL_LENGTH} characters, with names of 1 to 63 ` +
        'characters, without a colon',
    );
  }
  const context = readContext(run.context, check);
  check.done();
  return {
    task: run.task,
    input: check.json(input, 'input', 'The input of a run'),
    labels: JSON.stringify(labels),
    context: toRunContext(context),
  };
}

function areLabels(labels: JsonObject): boolean {
  const names = Object.keys(labels);
  return (
    names.length <= MAX_LABELS &&
    names.every((name) => LABEL_NAME.test(name) && isText(labels[name], 0, MAX_LABEL_LENGTH))
  );
}

import { isText } from '../common/index.js';
import { Check } from './check.js';
import { CONTEXT_MODES, type ContextMode, type EventContext, type JsonObject } from './envelope.js';

const MAX_PATHS = 100;
const MAX_PATH_LENGTH = 1024;
const CONTEXT_STRINGS = ['session_id', 'epic_id', 'task_id', 'git_sha'] as const;
const CONTEXT_MEMBERS = new Set<string>([...CONTEXT_STRINGS, 'mode', 'artifact_paths']);

/** Of an event that has none: always this object. */
export const NO_CONTEXT: EventContext = {
  session_id: null,
  epic_id: null,
  task_id: null,
  git_sha: null,
  mode: null,
  artifact_paths: [],
};
export function readContext(value: unknown, check: Check): EventContext {
  const context = check.object(value, 'context');
  return context ? contextOf(context, check) : NO_CONTEXT;
}

function contextOf(context: JsonObject, check: Check): EventContext {
  check.members(context, CONTEXT_MEMBERS, 'context.');
  const mode = context['mode'] ?? null;
  if (mode !== null && !CONTEXT_MODES.includes(mode as ContextMode)) {
    check.fail('context.mode', `must be one of ${CONTEXT_MODES.join(', ')}`);
  }
  return {
    session_id: check.string(context['session_id'], 'context.session_id'),
    epic_id: check.string(context['epic_id'], 'context.epic_id'),
    task_id: check.string(context['task_id'], 'context.task_id'),
    git_sha: check.string(context['git_sha'], 'context.git_sha'),
    mode: mode as ContextMode | null,
    artifact_paths: readPaths(context['artifact_paths'], check),
  };
}

/**
 * Checks the context of a run, which has the same form as that of an event.
 *
 * @throws ValidationFailedError
 */
export function readRunContext(value: unknown): EventContext {
  const check = new Check('');
  const context = readContext(value, check);
  check.done();
  return context;
}

function readPaths(value: unknown, check: Check): string[] {
  if (value == null) return [];
  const valid =
    Array.isArray(value) &&
    value.length <= MAX_PATHS &&
    value.every((path) => isText(path, 0, MAX_PATH_LENGTH));
  if (!valid) {
    check.fail(
      'context.artifact_paths',
      `must be an array of at most ${MAX_PATHS} texts of at most ${MAX_PATH_LENGTH} characters`,
    );
    return [];
  }
  return value;
}

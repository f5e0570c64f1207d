import { isText } from '../common/index.js';
import { Check } from './checks/check.js';
import { CONTEXT_MODES, type ContextMode, type EventContext, type RunContext } from './envelope.js';
import type { JsonObject } from './checks/json-object.js';
import { readTraceparent, readTracestate, type TraceContext } from './trace-context.js';

const MAX_PATHS = 100;
const MAX_PATH_LENGTH = 1024;
const CONTEXT_STRINGS = ['session_id', 'epic_id', 'task_id', 'git_sha'] as const;
const CONTEXT_MEMBERS = new Set<string>([
  ...CONTEXT_STRINGS,
  'mode',
  'artifact_paths',
  'traceparent',
  'tracestate',
]);

/**
 * What the context has; undefined when it has nothing.
 *
 * @param trace of one that names none itself
 */
export function readContext(value: unknown, check: Check, trace?: TraceContext): EventContext | undefined {
  const context = readOwn(value, check);
  if (trace?.traceparent == null || context?.traceparent !== undefined) return context;
  const { traceparent, tracestate } = trace;
  return { ...context, traceparent, ...(tracestate != null && { tracestate }) };
}

function readOwn(value: unknown, check: Check): EventContext | undefined {
  const given = check.object(value, 'context');
  if (!given) return undefined;
  check.members(given, CONTEXT_MEMBERS, 'context.');
  const context: EventContext = {};
  for (const name of CONTEXT_STRINGS) {
    const text = check.string(given[name], `context.${name}`);
    if (text !== undefined) context[name] = text;
  }
  const mode = given['mode'] ?? undefined;
  if (mode !== undefined) {
    if (CONTEXT_MODES.includes(mode as ContextMode)) context.mode = mode as ContextMode;
    else check.fail('context.mode', `must be one of ${CONTEXT_MODES.join(', ')}`);
  }
  const paths = readPaths(given['artifact_paths'], check);
  if (paths.length > 0) context.artifact_paths = paths;
  readTrace(given, context, check);
  return Object.keys(context).length > 0 ? context : undefined;
}

/** The same of a run, which says of each member that it has none. */
export function toRunContext(context: EventContext = {}): RunContext {
  const { session_id, epic_id, task_id, git_sha, mode, artifact_paths, traceparent, tracestate } = context;
  return {
    session_id: session_id ?? null,
    epic_id: epic_id ?? null,
    task_id: task_id ?? null,
    git_sha: git_sha ?? null,
    mode: mode ?? null,
    artifact_paths: artifact_paths ?? [],
    traceparent: traceparent ?? null,
    tracestate: tracestate ?? null,
  };
}

/**
 * Checks the context of a run, which has the same form as that of an event.
 *
 * @throws ValidationFailedError
 */
export function readRunContext(value: unknown): RunContext {
  const check = new Check('');
  const context = readContext(value, check);
  check.done();
  return toRunContext(context);
}

function readTrace({ traceparent, tracestate }: JsonObject, context: EventContext, check: Check): void {
  if (traceparent != null) {
    const parent = readTraceparent(traceparent);
    if (parent === undefined)
      check.fail('context.traceparent', 'must be a traceparent of W3C Trace Context, or be left out');
    else context.traceparent = parent;
  }
  if (tracestate == null) return;
  const state = readTracestate(tracestate);
  if (state === undefined)
    check.fail(
      'context.tracestate',
      'must be a tracestate of W3C Trace Context of at most 512 characters, or be left out',
    );
  else if (traceparent == null) check.fail('context.tracestate', 'says nothing without a traceparent');
  else context.tracestate = state;
}

/** As it is stored: what it has not is left out, so that earlier versions meet no member that they don't know. */
export function encodeRunContext(context: RunContext): string {
  return JSON.stringify(context, (_, value: unknown) => value ?? undefined);
}

function readPaths(value: unknown, check: Check): string[] {
  if (value == null) return [];
  // A copy has no holes, which `every` would pass over.
  const paths: unknown[] | undefined =
    Array.isArray(value) && value.length <= MAX_PATHS ? Array.from(value as unknown[]) : undefined;
  if (!paths?.every((path) => isText(path, 0, MAX_PATH_LENGTH))) {
    check.fail(
      'context.artifact_paths',
      `must be an array of at most ${MAX_PATHS} texts of at most ${MAX_PATH_LENGTH} characters`,
    );
    return [];
  }
  return paths;
}

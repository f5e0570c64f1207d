import { EventTooLargeError, ValidationFailedError, type Violation } from '../common/index.js';
import {
  CONTEXT_MODES,
  type ContextMode,
  type EventContext,
  type EventSource,
  type JsonObject,
} from './envelope.js';
import type { EventTypeRegistry } from './event-types.js';
import { lostNumbers } from './finite-numbers.js';
import { runPatch, type TerminalStatus } from './run-patch.js';
import { normaliseTimestamp } from './timestamp.js';

/** Most bytes that one event's `data`, or its `metadata`, may have as JSON. */
export const MAX_DATA_BYTES = 1024 * 1024;
const MAX_STRING_LENGTH = 255;
const MAX_PATHS = 100;
const MAX_PATH_LENGTH = 1024;
/** Printable: neither control characters nor halves of surrogate pairs. */
const KEY_PATTERN = /^[^\p{Cc}\p{Cs}]{1,255}$/u;

/**
 * An event that was checked and turned into JSON, once: the log stores `body`, and every reader copies it
 * (docs/architecture.md, "Encode once").
 */
export interface PreparedEvent {
  type: string;
  /** The members `event` to `metadata` of the event as JSON, without the braces around them. */
  body: string;
  /** The producer's time, normalised; absent when the id's own time is to be shown. */
  timestamp: string | undefined;
  /** The producer's idempotency key as a JSON string. */
  key: string | undefined;
  /** How it changes its run; `outcome` is the run's result or error as JSON. */
  patch: { status: 'running' | TerminalStatus; outcome: string } | undefined;
}

const EVENT_MEMBERS = new Set([
  'event',
  'source',
  'data',
  'context',
  'metadata',
  'timestamp',
  'idempotency_key',
]);
const TYPE_MEMBERS = new Set(['category', 'action']);
const SOURCE_MEMBERS = new Set(['agent_id', 'agent_type', 'agent_name', 'team_name']);
const CONTEXT_STRINGS = ['session_id', 'epic_id', 'task_id', 'git_sha'] as const;
const CONTEXT_MEMBERS = new Set<string>([...CONTEXT_STRINGS, 'mode', 'artifact_paths']);

const NO_CONTEXT: EventContext = {
  session_id: null,
  epic_id: null,
  task_id: null,
  git_sha: null,
  mode: null,
  artifact_paths: [],
};
/** Most events have neither context nor metadata. */
const NO_CONTEXT_JSON = JSON.stringify(NO_CONTEXT);
const EMPTY: JsonObject = {};

/**
 * Checks what a producer sent and encodes it.
 *
 * Written by hand since it is on the way of every event and must leave `data` and `metadata` exactly as they came
 * (docs/adr/0007).
 *
 * @param path how violations call the event, such as `[3]`; empty for a single one
 * @throws ValidationFailedError, UnknownEventTypeError, EventTooLargeError
 */
export function prepareEvent(input: unknown, types: EventTypeRegistry, path = ''): PreparedEvent {
  const check = new Check(path);
  if (!isObject(input)) throw new ValidationFailedError([{ path, message: 'must be a JSON object' }]);
  check.members(input, EVENT_MEMBERS, '');

  const event = check.object(input['event'], 'event');
  if (event) check.members(event, TYPE_MEMBERS, 'event.');
  const category = event && check.requiredString(event['category'], 'event.category');
  const action = event && check.requiredString(event['action'], 'event.action');
  if (input['event'] == null) check.fail('event', 'is required: {"category": …, "action": …}');

  const source = readSource(input['source'], check);
  const context = readContext(input['context'], check);
  const data = check.object(input['data'], 'data') ?? EMPTY;
  const metadata = check.object(input['metadata'], 'metadata') ?? EMPTY;
  const timestamp = readTimestamp(input['timestamp'], check);
  const key = readKey(input['idempotency_key'], check);
  check.done();

  const type = `${String(category)}.${String(action)}`;
  types.assertKnown(type);
  const patch = runPatch({ type, source, data });
  return {
    type,
    body:
      `"event":{"category":"${String(category)}","action":"${String(action)}"},"source":${JSON.stringify(source)},` +
      `"data":${encodeObject(data, check, 'data')},"context":${context === NO_CONTEXT ? NO_CONTEXT_JSON : JSON.stringify(context)},` +
      `"metadata":${encodeObject(metadata, check, 'metadata')}`,
    timestamp,
    key: key === undefined ? undefined : JSON.stringify(key),
    patch: patch && { status: patch.status, outcome: JSON.stringify(patch.result ?? patch.error ?? null) },
  };
}

function readSource(value: unknown, check: Check): EventSource | null {
  const source = check.object(value, 'source');
  if (!source) return null;
  check.members(source, SOURCE_MEMBERS, 'source.');
  return {
    agent_id: check.requiredString(source['agent_id'], 'source.agent_id'),
    agent_type: check.string(source['agent_type'], 'source.agent_type'),
    agent_name: check.string(source['agent_name'], 'source.agent_name'),
    team_name: check.string(source['team_name'], 'source.team_name'),
  };
}

function readContext(value: unknown, check: Check): EventContext {
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
    value.every((path) => typeof path === 'string' && path.length <= MAX_PATH_LENGTH);
  if (!valid) {
    check.fail(
      'context.artifact_paths',
      `must be an array of at most ${MAX_PATHS} strings of at most ${MAX_PATH_LENGTH} characters`,
    );
    return [];
  }
  return value as string[];
}

function readTimestamp(value: unknown, check: Check): string | undefined {
  if (value == null) return undefined;
  const timestamp = typeof value === 'string' ? normaliseTimestamp(value) : undefined;
  if (timestamp === undefined)
    check.fail('timestamp', 'must be an ISO 8601 time, like 2026-11-21T17:01:19.000Z');
  return timestamp;
}

function readKey(value: unknown, check: Check): string | undefined {
  if (value == null) return undefined;
  if (typeof value !== 'string' || !KEY_PATTERN.test(value)) {
    check.fail('idempotency_key', 'must be 1 to 255 printable characters');
    return undefined;
  }
  return value;
}

function encodeObject(value: JsonObject, check: Check, name: string): string {
  if (value === EMPTY) return '{}';
  let json: string;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    // Nested deeper than the stack is: parsing copes with that, printing does not.
    if (!(error instanceof RangeError)) throw error;
    check.fail(name, 'is nested too deeply');
    throw check.error();
  }
  if (lostNumbers(value, json)) {
    check.fail(name, 'holds a number that is not finite');
    throw check.error();
  }
  // A string has at least as many bytes as UTF-16 units, so most events skip the count.
  if (json.length > MAX_DATA_BYTES / 3 && Buffer.byteLength(json) > MAX_DATA_BYTES) {
    throw new EventTooLargeError(MAX_DATA_BYTES);
  }
  return json;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Collects what is wrong with one event, so that its producer hears of everything at once. */
class Check {
  private readonly violations: Violation[] = [];

  constructor(private readonly root: string) {}

  fail(path: string, message: string): void {
    this.violations.push({ path: this.root && path ? `${this.root}.${path}` : this.root + path, message });
  }

  error(): ValidationFailedError {
    return new ValidationFailedError(this.violations);
  }

  done(): void {
    if (this.violations.length > 0) throw this.error();
  }

  members(object: JsonObject, allowed: ReadonlySet<string>, prefix: string): void {
    for (const name of Object.keys(object)) {
      if (!allowed.has(name)) this.fail(prefix + name.slice(0, 120), 'is not a known property');
    }
  }

  object(value: unknown, path: string): JsonObject | undefined {
    if (value == null) return undefined;
    if (isObject(value)) return value;
    this.fail(path, 'must be a JSON object');
    return undefined;
  }

  string(value: unknown, path: string): string | null {
    if (value == null) return null;
    if (typeof value === 'string' && value.length <= MAX_STRING_LENGTH) return value;
    this.fail(path, `must be a string of at most ${MAX_STRING_LENGTH} characters`);
    return null;
  }

  requiredString(value: unknown, path: string): string {
    if (value == null || value === '') {
      this.fail(path, 'is required');
      return '';
    }
    return this.string(value, path) ?? '';
  }
}

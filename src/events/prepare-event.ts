import { isPrintable, ValidationFailedError } from '../common/index.js';
import { Check } from './checks/check.js';
import type { EventSource, JsonObject } from './envelope.js';
import { readContext } from './event-context.js';
import type { EventTypeRegistry } from './event-types.js';
import { isObject } from './checks/json-object.js';
import { checkError } from './checks/json-problem.js';
import { toLine } from './checks/line.js';
import { runPatch, type TerminalStatus } from './runs/run-patch.js';
import { normaliseTimestamp } from './timestamp.js';
import type { TraceContext } from './trace-context.js';

/** Longest `idempotency_key`, in characters. */
const MAX_KEY_LENGTH = 255;

/**
 * An event that was checked and turned into JSON, once: the log stores `body`, and every reader copies it
 * (docs/architecture.md, "Encode once").
 */
export interface PreparedEvent {
  type: string;
  /** What the event has of `source`, `data`, `context` and `metadata`, as JSON without the braces around them. */
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
const SOURCE_DETAILS = ['agent_type', 'agent_name', 'team_name'] as const;
const SOURCE_MEMBERS = new Set<string>(['agent_id', ...SOURCE_DETAILS]);
const EMPTY: JsonObject = {};

/**
 * Checks what a producer sent and encodes it.
 *
 * Written by hand since it is on the way of every event and must leave `data` and `metadata` exactly as they came
 * (docs/adr/0007).
 *
 * @param path how violations call the event, such as `[3]`; empty for a single one
 * @param trace that of an event which names none itself
 * @throws ValidationFailedError, UnknownEventTypeError, EventTooLargeError
 */
export function prepareEvent(
  input: unknown,
  types: EventTypeRegistry,
  path = '',
  trace?: TraceContext,
): PreparedEvent {
  try {
    return prepare(input, types, path, trace);
  } catch (error) {
    throw checkError(error, input, path);
  }
}

function prepare(
  input: unknown,
  types: EventTypeRegistry,
  path: string,
  trace?: TraceContext,
): PreparedEvent {
  const check = new Check(path);
  if (!isObject(input)) throw new ValidationFailedError([{ path, message: 'must be a JSON object' }]);
  check.members(input, EVENT_MEMBERS, '');

  const event = check.object(input['event'], 'event');
  if (event) check.members(event, TYPE_MEMBERS, 'event.');
  const category = event && check.requiredString(event['category'], 'event.category');
  const action = event && check.requiredString(event['action'], 'event.action');
  if (input['event'] == null) check.fail('event', 'is required: {"category": …, "action": …}');

  const source = readSource(input['source'], check);
  const context = readContext(input['context'], check, trace);
  const data = check.object(input['data'], 'data') ?? EMPTY;
  const metadata = orEmpty(check.object(input['metadata'], 'metadata'));
  const timestamp = readTimestamp(input['timestamp'], check);
  const key = readKey(input['idempotency_key'], check);
  check.done();

  const type = `${String(category)}.${String(action)}`;
  types.assertKnown(type);
  const patch = runPatch({ type, source, data });
  return {
    type,
    body:
      (source === undefined ? '' : `"source":${toLine(JSON.stringify(source))},`) +
      `"data":${encodeObject(data, check, 'data')}` +
      (context === undefined ? '' : `,"context":${toLine(JSON.stringify(context))}`) +
      (metadata === EMPTY ? '' : `,"metadata":${encodeObject(metadata, check, 'metadata')}`),
    timestamp,
    key: key === undefined ? undefined : toLine(JSON.stringify(key)),
    patch: patch && { status: patch.status, outcome: JSON.stringify(patch.result ?? patch.error ?? null) },
  };
}

function readSource(value: unknown, check: Check): EventSource | undefined {
  const given = check.object(value, 'source');
  // An empty one is refused: taken for none, it would make an agent's lifecycle event that of the run.
  if (!given) return undefined;
  check.members(given, SOURCE_MEMBERS, 'source.');
  const source: EventSource = { agent_id: check.requiredString(given['agent_id'], 'source.agent_id') };
  for (const name of SOURCE_DETAILS) {
    const text = check.string(given[name], `source.${name}`);
    if (text !== undefined) source[name] = text;
  }
  return source;
}

function orEmpty(object: JsonObject | undefined): JsonObject {
  return object === undefined || Object.keys(object).length === 0 ? EMPTY : object;
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
  if (!isPrintable(value, 1, MAX_KEY_LENGTH)) {
    check.fail('idempotency_key', `must be 1 to ${MAX_KEY_LENGTH} printable characters`);
    return undefined;
  }
  return value;
}

function encodeObject(value: JsonObject, check: Check, name: string): string {
  if (value === EMPTY) return '{}';
  return check.json(value, name, "One event's data, or its metadata,");
}

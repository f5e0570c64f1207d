import { concatBytes } from '../common/index.js';
import type { RecordedEvent } from './envelope.js';
import type { EventId } from './event-id.js';
import type { PreparedEvent } from './prepare-event.js';
import type { TerminalStatus } from './runs/run-patch.js';

/**
 * One entry of a run's log as it is stored: what prepareEvent() made, and the id that Redis gave it. Where it is only
 * passed on its body may be bytes.
 */
export interface LogEntry<Body extends string | Buffer = string> {
  /** `<ms>-<sequence>` as text; the same as `position`. */
  id: string;
  position: EventId;
  type: string;
  body: Body;
  timestamp: string | undefined;
  /** As a JSON string. */
  key: string | undefined;
  /** Set on the event that ended its run. */
  ends: TerminalStatus | undefined;
}

/** The event as JSON on one line: its body as it was stored, and what its place in the log says. As bytes if that is. */
export function encodeEvent<Body extends string | Buffer>(
  tenantId: string,
  runId: string,
  { id, position, timestamp, type, body, key }: LogEntry<Body>,
): Body;
export function encodeEvent(
  tenantId: string,
  runId: string,
  { id, position, timestamp, type, body, key }: LogEntry<string | Buffer>,
): string | Buffer {
  const time = timestamp ?? new Date(position.ms).toISOString();
  const head =
    `{"id":"${id}","run_id":"${runId}","tenant_id":"${tenantId}","sequence":${position.sequence},` +
    `"timestamp":"${time}",${encodeType(type)},`;
  if (typeof body === 'string') return `${head}${body}${encodeKey(key)}}`;
  return concatBytes([head, body, `${encodeKey(key)}}`]);
}

/** An event that is not stored yet, as JSON on one line: it has neither an id nor a sequence. */
export function encodeProvisionalEvent(tenantId: string, runId: string, event: PreparedEvent): string {
  const timestamp = event.timestamp ?? new Date().toISOString();
  return (
    `{"durable":false,"run_id":"${runId}","tenant_id":"${tenantId}","timestamp":"${timestamp}",` +
    `${encodeType(event.type)},${event.body}${encodeKey(event.key)}}`
  );
}

function encodeType(type: string): string {
  const dot = type.indexOf('.');
  return `"event":{"category":"${type.slice(0, dot)}","action":"${type.slice(dot + 1)}"}`;
}

/** @param key as JSON */
function encodeKey(key: string | undefined): string {
  return key === undefined ? '' : `,"idempotency_key":${key}`;
}

/** The event as a value, for code in this process that handles it. */
export function decodeEvent(tenantId: string, runId: string, entry: LogEntry): RecordedEvent {
  return JSON.parse(encodeEvent(tenantId, runId, entry)) as RecordedEvent;
}

import type { RecordedEvent } from './envelope.js';
import type { EventId } from './event-id.js';
import type { PreparedEvent } from './prepare-event.js';
import type { TerminalStatus } from './run-patch.js';

/** One entry of a run's log as it is stored: what prepareEvent() made, and the id that Redis gave it. */
export interface LogEntry {
  /** `<ms>-<sequence>` as text; the same as `position`. */
  id: string;
  position: EventId;
  type: string;
  body: string;
  timestamp: string | undefined;
  /** As a JSON string. */
  key: string | undefined;
  /** Set on the event that ended its run. */
  ends: TerminalStatus | undefined;
}

/** The event as JSON on one line. The body is copied as it was stored. */
export function encodeEvent(tenantId: string, runId: string, entry: LogEntry): string {
  const timestamp = entry.timestamp ?? new Date(entry.position.ms).toISOString();
  const key = entry.key ?? `"${entry.id}"`;
  return (
    `{"id":"${entry.id}","run_id":"${runId}","tenant_id":"${tenantId}","sequence":${entry.position.sequence},` +
    `"timestamp":"${timestamp}",${entry.body},"idempotency_key":${key}}`
  );
}

/** An event that is not stored yet, as JSON on one line: it has neither an id nor a sequence. */
export function encodeProvisionalEvent(tenantId: string, runId: string, event: PreparedEvent): string {
  const timestamp = event.timestamp ?? new Date().toISOString();
  return (
    `{"durable":false,"run_id":"${runId}","tenant_id":"${tenantId}","timestamp":"${timestamp}",${event.body},` +
    `"idempotency_key":${event.key ?? 'null'}}`
  );
}

/** The event as a value, for code in this process that handles it. */
export function decodeEvent(tenantId: string, runId: string, entry: LogEntry): RecordedEvent {
  return JSON.parse(encodeEvent(tenantId, runId, entry)) as RecordedEvent;
}

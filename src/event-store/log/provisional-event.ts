import { encodeProvisionalEvent, type PreparedEvent } from '../../events/index.js';

/** An event that this process holds until Redis is back: watchers may show it, and must not count on it. */
export interface ProvisionalEvent {
  readonly type: string;
  readonly runId: string;
  /** The whole event on one line. */
  readonly json: string;
}

export function toProvisionalEvent(tenantId: string, runId: string, event: PreparedEvent): ProvisionalEvent {
  return { type: event.type, runId, json: encodeProvisionalEvent(tenantId, runId, event) };
}

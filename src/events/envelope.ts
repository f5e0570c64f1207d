/** A JSON object that belongs to the caller: never validated, never transformed. */
export type JsonObject = Record<string, unknown>;

/** Which agent said it. An event without a source speaks for the run itself. */
export interface EventSource {
  agent_id: string;
  agent_type: string | null;
  agent_name: string | null;
  team_name: string | null;
}

export const CONTEXT_MODES = ['normal', 'rlm'] as const;
export type ContextMode = (typeof CONTEXT_MODES)[number];

/** Where in the caller's own world it happened. */
export interface EventContext {
  session_id: string | null;
  epic_id: string | null;
  task_id: string | null;
  git_sha: string | null;
  mode: ContextMode | null;
  artifact_paths: string[];
}

/** What a producer sends. Absent and `null` mean the same. */
export interface EventInput {
  event: { category: string; action: string };
  source?: ({ agent_id: string } & Partial<EventSource>) | null;
  data?: JsonObject | null;
  context?: Partial<EventContext> | null;
  metadata?: JsonObject | null;
  /** When it happened, ISO 8601; without a zone it is UTC. Default: when it was appended. */
  timestamp?: string | null;
  /** Unique within the run: an event whose key the run already has is not stored again. Default: the event's id. */
  idempotency_key?: string | null;
}

/** An event as it stands in the log, and on the wire. */
export interface RecordedEvent {
  id: string;
  run_id: string;
  tenant_id: string;
  sequence: number;
  timestamp: string;
  event: { category: string; action: string };
  source: EventSource | null;
  data: JsonObject;
  context: EventContext;
  metadata: JsonObject;
  idempotency_key: string;
}

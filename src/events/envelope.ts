import type { JsonObject, JsonObjectInput } from './checks/json-object.js';
import type { EventAction, EventCategory, EventData } from './typed/event-data.js';

export type { JsonObject, JsonObjectInput } from './checks/json-object.js';

/** Which agent said it. An event without a source speaks for the run itself. */
export interface EventSource {
  agent_id: string;
  agent_type?: string;
  agent_name?: string;
  team_name?: string;
}

export const CONTEXT_MODES = ['normal', 'rlm'] as const;
export type ContextMode = (typeof CONTEXT_MODES)[number];

/** Where in the caller's own world an event happened. @publicApi */
export interface EventContext {
  session_id?: string;
  epic_id?: string;
  task_id?: string;
  git_sha?: string;
  mode?: ContextMode;
  artifact_paths?: string[];
  /** The span that it came from, as W3C Trace Context has it: `00-<trace id>-<span id>-<flags>`. */
  traceparent?: string;
  /** What tracing systems say beside it; at most 512 characters. */
  tracestate?: string;
}

/** Where in the caller's own world a run belongs. @publicApi */
export interface RunContext {
  session_id: string | null;
  epic_id: string | null;
  task_id: string | null;
  git_sha: string | null;
  mode: ContextMode | null;
  artifact_paths: string[];
  /** The span that it was started in, as W3C Trace Context has it. */
  traceparent: string | null;
  tracestate: string | null;
}

/** The members may be `null` as well, which means the same as leaving them out. */
export type Nullable<T> = { [Member in keyof T]?: T[Member] | null };

/** What a producer sends. Absent, `null`, `[]` and `{}` mean the same. */
export interface EventInput {
  event: { category: string; action: string };
  source?: ({ agent_id: string } & Nullable<Omit<EventSource, 'agent_id'>>) | null;
  data?: JsonObjectInput | null;
  context?: Nullable<EventContext> | null;
  metadata?: JsonObjectInput | null;
  /** When it happened, ISO 8601; without a zone it is UTC. Default: when it was appended. */
  timestamp?: string | null;
  /** Unique within the run: an event whose key the run already has is not stored again. */
  idempotency_key?: string | null;
}

/**
 * An event as it stands in the log, and on the wire. What has no value is not there.
 *
 * `RecordedEvent<'build.started'>` is one of that type, with the data that was declared for it; of several types,
 * `RecordedEvent<'gate.approved' | 'gate.rejected'>`, one of them. `isEvent()` tells which one it is. Without a type its
 * data may hold anything.
 *
 * @publicApi
 */
export type RecordedEvent<Type extends string = string> = Type extends string
  ? EventEnvelope<EventCategory<Type>, EventAction<Type>, EventData<Type>>
  : never;

/** Its parts are given one by one, so that TypeScript takes an event of a known type for an event. */
export interface EventEnvelope<Category extends string, Action extends string, Data> {
  id: string;
  run_id: string;
  tenant_id: string;
  sequence: number;
  timestamp: string;
  event: { category: Category; action: Action };
  /** Without it the event speaks for the run itself. */
  source?: EventSource;
  /** Always there; `{}` when the producer gave none. */
  data: Data;
  context?: EventContext;
  metadata?: JsonObject;
  /** The producer's, if it gave one. */
  idempotency_key?: string;
}

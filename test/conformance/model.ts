/** The protocol's bodies, as far as the checks look at them. What arrives is asserted, not trusted. */

export type JsonObject = Record<string, unknown>;

export interface EventInput {
  timestamp?: unknown;
  event: unknown;
  source?: unknown;
  data: unknown;
  context?: unknown;
  metadata?: unknown;
  idempotency_key?: unknown;
}

export interface RecordedEvent {
  id: string;
  run_id: string;
  tenant_id: string;
  sequence: number;
  timestamp: string;
  event: { category: string; action: string };
  source?: JsonObject;
  data: JsonObject;
  context?: JsonObject;
  metadata?: JsonObject;
  idempotency_key?: string;
}

export interface Run {
  id: string;
  tenant_id: string;
  executor: string;
  task: unknown;
  key: string | null;
  input: unknown;
  labels: JsonObject | null;
  context: JsonObject | null;
  status: string;
  attempt: number;
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
  result: unknown;
  error: unknown;
  statistics: { events: Record<string, number> };
  sequence: number;
  last_event_at: string | null;
  holder: { instance: string; lease_until: string } | null;
  waiting_for: string | null;
  expires_at: string | null;
  links: { self: string; events: string; stream: string };
}

export interface RunList {
  runs: Run[];
  count: number;
  has_more: boolean;
  next_cursor: string | null;
}

export interface AppendReply {
  run_id: string;
  count: number;
  duplicates: number;
  first_id: string;
  last_id: string;
  ids: string[];
}

export interface HistoryPage {
  run_id: string;
  events: RecordedEvent[];
  count: number;
  has_more: boolean;
  next_id: string | null;
}

/** Of the events of all runs; its ids are the journal's. */
export interface JournalPage {
  events: RecordedEvent[];
  count: number;
  has_more: boolean;
  next_id: string | null;
  last_event_id: string | null;
}

export interface ConsumerGroup {
  group: string;
  handlers: string[];
  types: string[] | null;
  handled: boolean;
  consumers: { name: string; pending: number; idle_ms: number }[];
  members: { name: string; handler: string; fingerprint: string; version: number | null; idle_ms: number }[];
  pending: number;
  lag: number;
  lag_ms: number;
  oldest_pending_age_ms: number | null;
  delayed_retries: number;
  dead_letters: number;
  paused: boolean;
  last_recovery: JsonObject | null;
  rates: TenantRates;
}

export interface TenantRates {
  appended_per_second: number;
  handled_per_second: number | null;
}

export interface ConsumerGroupTrend extends ConsumerGroup {
  samples: { at: string; rates: TenantRates | null; lag: number; lag_ms: number; pending: number }[];
}

export interface GroupOverview {
  group: string;
  lag: number;
  lag_ms: number;
  pending: number;
  delayed_retries: number;
  dead_letters: number;
  tenants_behind: number;
  tenants_looked_at: number;
  complete: boolean;
  rates: Record<string, number>;
  members: ConsumerGroup['members'];
  worst_tenants: { tenant_id: string; lag: number }[];
  samples: { at: string; lag: number }[];
}

export interface DeadLetterList {
  dead_letters: { id: string; group: string; last_failure_at: string }[];
  count: number;
  has_more: boolean;
  next_cursor: string | null;
}

export interface PendingList {
  pending: {
    entry: string;
    state: string;
    age_ms: number;
    idle_ms: number;
    attempts: number;
    next_try_at: string | null;
  }[];
  count: number;
  has_more: boolean;
  next_cursor: string | null;
}

export interface ErrorBody {
  code: string;
  message: string;
  details?: unknown;
  more?: number;
  request_id: string;
}

export const EVENT_ID = /^\d+-\d+$/;
/** A position in each partition of the tenant, and most have one. */
export const JOURNAL_ID = /^\d+-\d+(\.\d+-\d+){0,15}$/;
export const UTC_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** An event of a type written in one word: `llm.stream`. */
export function eventOf(type: string, data: JsonObject = {}, more: Partial<EventInput> = {}): EventInput {
  const [category, action] = type.split('.');
  return { event: { category, action }, data, ...more };
}

/** The event that a test knows again by its number. */
export function numbered(n: number, more: Partial<EventInput> = {}): EventInput {
  return eventOf('llm.stream', { n }, more);
}

/** The events numbered `from` … `to`. */
export function numberedRange(from: number, to: number): EventInput[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => numbered(from + i));
}

/** Ends the run. */
export function terminal(
  action = 'completed',
  data: JsonObject = {},
  more: Partial<EventInput> = {},
): EventInput {
  return eventOf(`lifecycle.${action}`, data, more);
}

export function typeOf({ event }: RecordedEvent): string {
  return `${event.category}.${event.action}`;
}

/** The part of a run's id that names where it is among the partitions of its tenant. */
export function partitionOf({ id }: Pick<Run, 'id'>): string {
  return id.split('_')[0] ?? '';
}

export function idParts(id: string): { ms: number; sequence: number } {
  const [ms, sequence] = id.split('-').map(Number);
  return { ms: ms ?? NaN, sequence: sequence ?? NaN };
}

import { shownName, workerOf } from '../../dispatch/worker-names.js';
import { type RunContext, type JsonObject, readRunContext, type RunStatus } from '../../../events/index.js';

/** The executor of a run whose events come from outside. */
export const EXTERNAL = 'external';

/** A run as it is stored. Times are in milliseconds of Redis's clock. @publicApi */
export interface RunRecord {
  id: string;
  tenantId: string;
  executor: string;
  task: string;
  /** The caller's name for the line of runs that it belongs to. */
  key: string | undefined;
  input: JsonObject;
  labels: Record<string, string>;
  context: RunContext;
  status: RunStatus;
  /** How often an executor has taken it up; 1 for an external run. */
  attempt: number;
  createdAt: number;
  startedAt: number | undefined;
  completedAt: number | undefined;
  /** What the terminal event said. */
  result: unknown;
  error: unknown;
  /** Events by type; `other` for those of types beyond the first 200. */
  events: Record<string, number>;
  /** Sequence of the last event. */
  sequence: number;
  /** When the last event was appended. */
  lastEventAt: number | undefined;
  /** Which process executes it; undefined when none does. */
  holder: RunHolder | undefined;
  /** The event types that its executor waits for (`waitFor`), separated by commas. */
  waitingFor: string | undefined;
  /** When the events go. */
  expiresAt: number | undefined;
  /** Values that were too large to be read with the rest, with their sizes in bytes. */
  leftOut: Partial<Record<LargeField, number>>;
}

/** The process that executes a run. @publicApi */
export interface RunHolder {
  /** Its host, process id, and a name of this start; of a worker outside, what it calls itself. */
  instance: string;
  /** Until when the run belongs to it, unless it sends a heartbeat before. */
  leaseUntil: number;
}

/** What a run has that may be large. */
export type LargeField = 'input' | 'result' | 'error';

const COUNT_PREFIX = 'n:';
/** Before the name of a value that is left out, with its size (read-runs.lua). */
const LEFT_OUT_PREFIX = '~';
/** What a Date can hold. */
const MAX_DATE_MS = 8.64e15;

const STATUSES: readonly RunStatus[] = ['pending', 'running', 'completed', 'failed', 'cancelled'];

/**
 * Reads the fields of the run's hash, as field, value, field, value. Never throws: a field that can't be read has its
 * default, since one such record must not break the list of all runs.
 */
export function readRunRecord(tenantId: string, fields: readonly string[]): RunRecord {
  const field = new Map<string, string>();
  const events: Record<string, number> = {};
  const leftOut: RunRecord['leftOut'] = {};
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const value = fields[i + 1] ?? '';
    if (name.startsWith(LEFT_OUT_PREFIX)) leftOut[name.slice(1) as LargeField] = Number(value);
    else if (name.startsWith(COUNT_PREFIX)) events[name.slice(COUNT_PREFIX.length)] = finite(value) ?? 0;
    else field.set(name, value);
  }
  const number = (name: string): number | undefined => finite(field.get(name));
  const json = (name: string): unknown => parsed(field.get(name));
  const status = field.get('status') as RunStatus;
  const sequence = number('sequence') ?? 0;
  return {
    id: field.get('id') ?? '',
    tenantId,
    executor: shownName(field.get('executor') ?? EXTERNAL),
    task: field.get('task') ?? '',
    key: field.get('key'),
    input: (objectOf(json('input')) ?? {}) as JsonObject,
    labels: labelsOf(json('labels')),
    context: contextOf(json('context')),
    status: STATUSES.includes(status) ? status : 'pending',
    attempt: number('attempt') ?? 0,
    createdAt: number('created_at') ?? 0,
    startedAt: number('started_at'),
    completedAt: number('completed_at'),
    result: json('result'),
    error: json('error'),
    events,
    sequence,
    lastEventAt: sequence > 0 ? number('last_ms') : undefined,
    holder: status === 'running' ? holderOf(field.get('holder'), number('lease')) : undefined,
    waitingFor: (status === 'running' && field.get('waiting_for')) || undefined,
    expiresAt: number('expires_at'),
    leftOut,
  };
}

/**
 * The run as it was when it was created, which is what the request that created it was answered. Nothing of that has
 * to be kept: what a run begins with never changes.
 */
export function asCreated(run: RunRecord): RunRecord {
  const isExternal = run.executor === EXTERNAL;
  return {
    ...run,
    status: isExternal ? 'running' : 'pending',
    attempt: isExternal ? 1 : 0,
    startedAt: isExternal ? run.startedAt : undefined,
    completedAt: undefined,
    result: null,
    error: null,
    events: isExternal ? { 'lifecycle.started': 1 } : {},
    sequence: isExternal ? 1 : 0,
    lastEventAt: isExternal ? run.startedAt : undefined,
    holder: undefined,
    waitingFor: undefined,
    expiresAt: undefined,
  };
}

/** A lease of 0 was given back. */
function holderOf(instance: string | undefined, leaseUntil = 0): RunHolder | undefined {
  if (instance === undefined || leaseUntil <= 0) return undefined;
  return { instance: workerOf(instance)?.worker ?? instance, leaseUntil };
}

function finite(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const number = Number(text);
  return Math.abs(number) <= MAX_DATE_MS ? number : undefined;
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
}

function objectOf(value: unknown): object | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

function labelsOf(value: unknown): Record<string, string> {
  const labels = Object.entries(objectOf(value) ?? {});
  return Object.fromEntries(
    labels.filter((label): label is [string, string] => typeof label[1] === 'string'),
  );
}

function contextOf(value: unknown): RunContext {
  try {
    return readRunContext(objectOf(value));
  } catch {
    return readRunContext(undefined);
  }
}

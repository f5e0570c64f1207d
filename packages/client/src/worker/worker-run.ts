import type { RunstreamClient } from '../client.js';
import type { BodyOf, EventInput, QueryOf, Run, RunEvent } from '../types.js';

/** `cancelled`, or ended by another; `lost`, another worker has it; `stopping`, this worker ends now. */
export type LeaveReason = 'cancelled' | 'lost' | 'stopping';

/** What an executor may yield: a type and its data, or all of an event as the protocol has it. */
export type WorkerEvent = readonly [type: string, data: Record<string, unknown>] | EventInput;

/** What the protocol says of `PUT /executors/{name}`, in its names. */
export type ExecutorOptions = BodyOf<'putExecutor'> & {
  /** Most runs that are executed at once, 1 to 100. Default: 10. */
  concurrency?: number;
};

/** A run that this worker executes. */
export interface WorkerRun {
  readonly id: string;
  readonly task: string;
  readonly input: Run['input'];
  readonly labels: Run['labels'];
  /** 1 for the first one. */
  readonly attempt: number;
  /** As `GET /runs/{run_id}` gives it. */
  readonly data: Run;
  readonly client: RunstreamClient;
  /**
   * Aborts when the work is to be left; its reason is a LeaveReason. A generator is closed at its next `yield`, and what
   * it throws then is no failure.
   */
  readonly signal: AbortSignal;
  /** Aborts when this worker is to end. There is the grace period left for ending the run in order. */
  readonly stopping: AbortSignal;
  /** Resolves when all events that were yielded are stored. */
  flush(): Promise<void>;
  /** All events of the run, also those of earlier attempts: where to go on. An outage is waited for. */
  history(query?: QueryOf<'listEvents'>): AsyncGenerator<RunEvent, void, undefined>;
}

/** What it returns is the result of the run, and what it throws is its error. */
export type ExecutorFunction = (
  run: WorkerRun,
) => AsyncGenerator<WorkerEvent, unknown, undefined> | Promise<unknown>;

export function eventOf(said: WorkerEvent): EventInput {
  return isPair(said) ? eventOfType(said[0], said[1]) : said;
}

export function eventOfType(type: string, data: Record<string, unknown>): EventInput {
  const dot = type.indexOf('.');
  return { event: { category: type.slice(0, dot), action: type.slice(dot + 1) }, data };
}

function isPair(said: WorkerEvent): said is readonly [string, Record<string, unknown>] {
  return Array.isArray(said);
}

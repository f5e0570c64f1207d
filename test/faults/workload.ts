import type { EventInput, EventToAppend, JsonObject, RecordedEvent } from '../../src/events/index.js';
import type { RedisOptions } from '../../src/redis/index.js';
import type { SeededRandom } from '../support/seeded-random.js';

/** A group whose entries any process may take, and one that keeps the order of each run. */
export const SHARED_GROUP = 'shared';
export const ORDERED_GROUP = 'ordered';

/** What a worker process is told. */
export interface WorkerConfig {
  /** Unlike that of any other start of a worker. */
  name: string;
  redis: RedisOptions;
  /** Whether keys name the tenant. Default: true. */
  tenancy?: boolean;
  historyFile: string;
  leaseMs: number;
  maxAttempts: number;
  /** Where effects go. */
  effectRuns: string[];
  /** Does nothing with events, or never comes to an end with any; for measurements. Default: what each event asks. */
  mode?: 'nothing' | 'hang';
  /** Default 50. */
  concurrency?: number;
  /** Of the handlers. The second one also wants `log.stderr`, and all that the first one's canHandle() refuses. */
  version?: 1 | 2;
}

/** What an event asks of those who handle it: its `data`. */
export interface Task {
  n: number;
  takesMs: number;
  /** Attempts that fail before one succeeds. */
  failures: number;
  /** The group whose process it kills at every attempt. */
  poisons: string | null;
}

/** What an effect says about the attempt that made it. */
export interface EffectData {
  group: string;
  event: string;
  token: number;
}

/** Most tasks take no time, some a little, and a few longer than a lease. */
export function makeTask(n: number, random: SeededRandom, leaseMs: number): Task {
  const kind = random.next();
  return {
    n,
    takesMs: kind < 0.0002 ? Math.round(leaseMs * 1.2) : kind < 0.3 ? random.integer(1, 8) : 0,
    failures: random.next() < 0.01 ? 1 : 0,
    poisons: null,
  };
}

/** Which events the first version of a handler refuses although it wants their type. */
export const REFUSED_EVERY = 3;

export function taskEvent(task: Task, action = 'stdout', key?: string): EventInput {
  return {
    event: { category: 'log', action },
    data: { ...task } satisfies JsonObject,
    ...(key !== undefined && { idempotency_key: key }),
  };
}

/** All effects of one run go to one other run, so that its log holds the order in which they were committed. */
export function effectOf(
  event: RecordedEvent,
  group: string,
  token: number,
  effectRuns: readonly string[],
): { runId: string; event: EventToAppend } {
  let hash = 0;
  for (const char of event.run_id) hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
  const data: EffectData = { group, event: `${event.run_id}/${event.id}`, token };
  return {
    runId: effectRuns[hash % effectRuns.length] ?? '',
    event: { type: 'task.completed', data },
  };
}

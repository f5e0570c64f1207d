import { ValidationFailedError } from '../../common/index.js';
import {
  dispatchWork,
  type EventStore,
  EXTERNAL,
  isOfWorkers,
  journalWork,
  newRunId,
  ofWorkers,
  partitionOfRun,
} from '../../event-store/index.js';
import {
  encodeRunContext,
  type EventInput,
  type PreparedEvent,
  prepareRun,
  toEventInput,
  type TraceContext,
  type UntypedEvent,
} from '../../events/index.js';
import { redisCall, type RedisClient } from '../../redis/index.js';
import type { Work } from '../../stream-consumer/index.js';
import type { StartRun } from '../handler/handler.js';

/** As Redis has it: that of a tenant's workers has a mark (ofWorkers()). */
const EXECUTOR_NAME = /^~?[a-z][a-z0-9_-]{0,62}$/;

/** What a handler asked for: written together with its event's acknowledgement, or not at all. */
export type Effect =
  | { kind: 'publish'; runId: string; event: PreparedEvent }
  | {
      kind: 'start';
      runId: string;
      /** The one that waits for it; undefined for an external run. */
      executor: string | undefined;
      /** Executor, task, input, labels, context and key or '', as the run's record holds them. */
      fields: string[];
      events: PreparedEvent[];
    };

/**
 * @param trace that of an event which names none itself
 * @param partition that of the event which is handled
 * @throws Error for an id that no run of this partition can have
 */
export function publishEffect(
  store: EventStore,
  runId: string,
  event: UntypedEvent,
  trace?: TraceContext,
  partition = 0,
): Effect {
  assertReachable(runId, partition);
  return { kind: 'publish', runId, event: store.prepare(toEventInput(event), '', trace) };
}

/** The same for an event as clients send it. `path` is where it is in what they sent. */
export function publishSentEffect(
  store: EventStore,
  runId: string,
  sent: unknown,
  path: string,
  partition: number,
): Effect {
  const event = store.prepare(sent, path);
  assertReachable(runId, partition);
  return { kind: 'publish', runId, event };
}

/** What effects cost when they are made: the events they write, and about so many bytes. */
export function effectsWeight(effects: readonly Effect[]): { events: number; bytes: number } {
  let events = 0;
  let bytes = 0;
  for (const effect of effects) {
    if (effect.kind === 'publish') {
      events++;
      bytes += Buffer.byteLength(effect.event.body);
    } else {
      events++;
      for (const field of effect.fields) bytes += Buffer.byteLength(field);
    }
  }
  return { events, bytes };
}

/** What becomes visible when effects are made. */
export function effectsWork(tenantId: string, effects: readonly Effect[]): Work[] {
  const works = new Map<string, Work>();
  for (const effect of effects) {
    const work =
      effect.kind === 'start' && effect.executor !== undefined
        ? dispatchWork(tenantId, effect.executor, effect.runId)
        : journalWork(tenantId, effect.runId);
    works.set(work.topic, work);
  }
  return [...works.values()];
}

/**
 * @param trace that of a run which names none itself
 * @param partition that of the event which is handled: the run is made in it, whatever its key
 */
export function startEffect(store: EventStore, run: StartRun, trace?: TraceContext, partition = 0): Effect {
  const { task, key, input, labels, context } = prepareRun(run, trace);
  const executor: unknown = run.executor ?? EXTERNAL;
  // It becomes part of a key. Whether any process has it shows when the run is taken up.
  if (typeof executor !== 'string' || !EXECUTOR_NAME.test(executor)) {
    throw new ValidationFailedError([{ path: 'executor', message: 'must be the name of an executor' }]);
  }
  const started: EventInput = {
    event: { category: 'lifecycle', action: 'started' },
    data: { task },
    context,
  };
  return {
    kind: 'start',
    runId: newRunId(partition),
    executor: executor === EXTERNAL ? undefined : executor,
    fields: [executor, task, input, labels, encodeRunContext(context), key ?? ''],
    events: executor === EXTERNAL ? [store.prepare(started)] : [],
  };
}

/**
 * Gives runs that are started to the tenant's workers, where these have said that they have the executor: a handler calls
 * it by its name, as clients do.
 *
 * @throws RedisUnavailableError
 */
export async function nameWorkerExecutors(
  redis: RedisClient,
  store: EventStore,
  tenantId: string,
  effects: readonly Effect[],
): Promise<void> {
  const starts = effects.flatMap((effect) =>
    effect.kind === 'start' && effect.executor !== undefined && !isOfWorkers(effect.executor) ? [effect] : [],
  );
  if (starts.length === 0) return;
  const key = store.keys.partition(tenantId, 0).workers('executors');
  const names = starts.map(({ executor }) => executor ?? '');
  const known = await redisCall(redis.hmget(key, ...names));
  for (const [i, effect] of starts.entries()) {
    if (known[i] == null) continue;
    effect.executor = ofWorkers(names[i] ?? '');
    effect.fields[0] = effect.executor;
  }
}

/** All of a settlement is one step, and so of one partition. */
function assertReachable(runId: unknown, partition: number): void {
  let its: number | undefined;
  try {
    if (typeof runId === 'string') its = partitionOfRun(runId);
  } catch {
    // What follows says what to do.
  }
  if (its === partition) return;
  throw new Error(
    'publish() needs the id of a run that can be reached from here. Give it the run_id of the event, or what startRun() returned' +
      (its === undefined
        ? '.'
        : `: ${String(runId)} is in another partition than the event that is handled.`),
  );
}

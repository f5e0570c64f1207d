import { ValidationFailedError } from '../common/index.js';
import { type EventStore, EXTERNAL, newRunId } from '../event-store/index.js';
import { type EventInput, type PreparedEvent, prepareRun } from '../events/index.js';
import type { StartRun } from './handler.js';

const EXECUTOR_NAME = /^[a-z][a-z0-9_-]{0,62}$/;

/** What a handler asked for: written together with its event's acknowledgement, or not at all. */
export type Effect =
  | { kind: 'publish'; runId: string; event: PreparedEvent }
  | { kind: 'start'; runId: string; fields: string[]; events: PreparedEvent[] };

export function publishEffect(store: EventStore, runId: string, event: EventInput): Effect {
  return { kind: 'publish', runId, event: store.prepare(event) };
}

export function startEffect(store: EventStore, run: StartRun): Effect {
  const executor = run.executor ?? EXTERNAL;
  // It becomes part of a key. Whether any process has it shows when the run is taken up.
  if (!EXECUTOR_NAME.test(executor)) {
    throw new ValidationFailedError([{ path: 'executor', message: 'must be the name of an executor' }]);
  }
  const { task, input, labels, context } = prepareRun(run);
  const started: EventInput = {
    event: { category: 'lifecycle', action: 'started' },
    data: { task },
    context,
  };
  return {
    kind: 'start',
    runId: newRunId(),
    fields: [executor, task, input, labels, JSON.stringify(context)],
    events: executor === EXTERNAL ? [store.prepare(started)] : [],
  };
}

/** As settle.lua takes them. */
export function effectArgs(store: EventStore, effects: readonly Effect[]): (string | number)[] {
  const args: (string | number)[] = [effects.length];
  for (const effect of effects) {
    if (effect.kind === 'publish') args.push('publish', effect.runId, 1, ...store.eventArgs([effect.event]));
    else {
      args.push('start', effect.runId, ...effect.fields, effect.events.length);
      args.push(...store.eventArgs(effect.events));
    }
  }
  return args;
}

import { concatMap, from, mergeMap, type Observable } from 'rxjs';
import { InvalidEventIdError } from '../../common/index.js';
import type { Demand, EventStore, RunWatcher, WatchSignal } from '../../event-store/index.js';
import { type RecordedEvent, type TerminalStatus, tryParseEventId } from '../../events/index.js';

/** Where watching begins, and what ends it. @publicApi */
export interface WatchRunOptions<Filter extends string = string> {
  /** Begin after the event with this id, or with what comes from now on (`latest`). Default: with the first event. */
  after?: string;
  /** Only events of these types, such as `llm.*`. Default: all. */
  types?: readonly Filter[];
  /** Ends the watching, which rejects with its reason. */
  signal?: AbortSignal;
}

/** What a watcher is told; `RunUpdate<'llm.stream'>` by one that asked for these events only. @publicApi */
export type RunUpdate<Type extends string = string> =
  | { kind: 'event'; event: RecordedEvent<Type> }
  /** Events are missing: `trimmed` are no longer there, or the run's log is another one than before (`diverged`). */
  | { kind: 'gap'; reason: 'trimmed' | 'diverged'; missed: number | undefined }
  /** The last update. */
  | { kind: 'ended'; status: TerminalStatus }
  /** The last update. */
  | { kind: 'deleted' };

/** The updates of one run. During an outage of Redis it waits. */
export function updates(
  { watcher, store }: { watcher: RunWatcher; store: EventStore },
  tenantId: string,
  runId: string,
  { after, types }: WatchRunOptions,
  demand?: Demand,
): Observable<RunUpdate> {
  const filter = store.types.parseFilter(types?.join(','));
  return from(watcher.locate(tenantId, runId, startOf(after))).pipe(
    mergeMap(({ after: cursor }) =>
      watcher.watch(tenantId, runId, {
        after: cursor,
        caller: 'application',
        ...(demand && { demand }),
        ...(filter && { filter }),
      }),
    ),
    concatMap(toUpdates),
  );
}

function startOf(after: string | undefined): Parameters<RunWatcher['locate']>[2] {
  if (after === undefined) return 'start';
  if (after === 'latest') return 'tail';
  const id = tryParseEventId(after);
  if (!id)
    throw new InvalidEventIdError('after', '<milliseconds>-<sequence>, like 1795279279000-42, or latest');
  return id;
}

function toUpdates(signal: WatchSignal): RunUpdate[] {
  switch (signal.kind) {
    case 'events':
      return signal.events.map(({ json }) => ({
        kind: 'event',
        event: JSON.parse(String(json)) as RecordedEvent,
      }));
    case 'gap':
      return [{ kind: 'gap', reason: signal.reason, missed: signal.missed }];
    case 'close':
      return [signal.reason === 'ended' ? { kind: 'ended', status: signal.status } : { kind: 'deleted' }];
    default:
      // What is not stored comes again once it is.
      return [];
  }
}

/**
 * Takes what an observable gives one by one, as a loop asks for it.
 *
 * @param observe gives the observable for a demand that ends while something waits to be taken
 * @throws the reason of `signal` when that aborts
 */
export async function* iterate<T>(
  observe: (demand: Demand) => Observable<T>,
  signal?: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const waiting: T[] = [];
  const changes = new Changes();
  let over: { error?: unknown } | undefined;
  const end = (how: { error?: unknown }): void => {
    over ??= how;
    changes.tell();
  };
  const demand: Demand = {
    ready: () => waiting.length === 0,
    drained: async (stopping) => {
      while (waiting.length > 0) await changes.next(stopping);
    },
    room: () => Promise.resolve(() => undefined),
  };
  const subscription = observe(demand).subscribe({
    next: (item) => {
      waiting.push(item);
      changes.tell();
    },
    error: (error: unknown) => {
      end({ error });
    },
    complete: () => {
      end({});
    },
  });
  try {
    for (;;) {
      signal?.throwIfAborted();
      if (waiting.length > 0) {
        const item = waiting.shift() as T;
        if (waiting.length === 0) changes.tell();
        yield item;
      } else if (!over) await changes.next(signal);
      else if ('error' in over) throw over.error;
      else return;
    }
  } finally {
    subscription.unsubscribe();
  }
}

/** Wakes whoever waits for something to be otherwise. */
class Changes {
  private readonly waiters = new Set<() => void>();

  tell(): void {
    for (const wake of this.waiters) wake();
  }

  /** @throws the signal's reason */
  async next(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    let wake: () => void = () => undefined;
    try {
      await new Promise<void>((resolve) => {
        wake = resolve;
        this.waiters.add(wake);
        signal?.addEventListener('abort', wake);
      });
    } finally {
      this.waiters.delete(wake);
      signal?.removeEventListener('abort', wake);
    }
    signal?.throwIfAborted();
  }
}

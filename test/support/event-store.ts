import { randomBytes } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type Observable, Subject, type Subscription } from 'rxjs';
import {
  EventStore,
  DispatchStore,
  EventStoreModule,
  type EventStoreOptions,
  LiveFeed,
  RunStore,
  RunWatcher,
  type WatchOptions,
  type WatchSignal,
} from '../../src/event-store/index.js';
import { BEGINNING, type EventId, type EventInput, type JsonObject } from '../../src/events/index.js';
import { LimitsModule, type LimitsOptions } from '../../src/limits/index.js';
import { WorkSignals } from '../../src/stream-consumer/index.js';
import { type RedisClient, RedisConnections, RedisModule, type RedisOptions } from '../../src/redis/index.js';
import { TENANCY_DEFAULTS } from '../../src/tenancy/index.js';
import { PATIENCE_MS, testRedisUrl } from './redis.js';
import { testLogger } from './test-logger.js';

/** One instance's event store; several of them share a Redis as several processes would. */
export interface TestStore {
  app: INestApplicationContext;
  tenant: string;
  store: EventStore;
  runs: RunStore;
  watcher: RunWatcher;
  feeds: LiveFeed;
  redis: RedisConnections;
  signals: WorkSignals;
  /** Creates an external run: its first event is `lifecycle.started`. */
  createRun(executor?: string): Promise<string>;
  /** Takes up the oldest run that waits for this executor, which must be this one; its fence. */
  takeUp(runId: string, executor: string): Promise<number>;
  close(): Promise<void>;
}

/** A tenant that no other test has: what keeps tests apart on the shared server. */
export function uniqueTenant(): string {
  return `t${randomBytes(6).toString('hex')}`;
}

/** Options of a store whose keys name no tenant. It must be on servers of its own. */
export const NO_TENANCY = { multiTenant: false, tenant: TENANCY_DEFAULTS.defaultTenantId };

export interface TestStoreOptions extends EventStoreOptions {
  url?: string;
  redis?: RedisOptions;
  tenant?: string;
  commandTimeoutMs?: number;
  /** Default: nothing is limited. */
  limits?: LimitsOptions;
}

export async function createTestStore(options: TestStoreOptions = {}): Promise<TestStore> {
  const {
    url,
    redis = { url: url ?? testRedisUrl() },
    tenant = uniqueTenant(),
    commandTimeoutMs = PATIENCE_MS,
    limits = {},
    ...storeOptions
  } = options;
  const module = await Test.createTestingModule({
    imports: [
      RedisModule.forRoot({ ...redis, commandTimeoutMs }),
      LimitsModule.forRoot(limits),
      EventStoreModule.forRoot({ multiTenant: true, ...storeOptions }),
    ],
  })
    .setLogger(testLogger)
    .compile();
  const app = await module.init();
  const runs = app.get(RunStore);
  return {
    app,
    tenant,
    store: app.get(EventStore),
    runs,
    watcher: app.get(RunWatcher),
    feeds: app.get(LiveFeed),
    redis: app.get(RedisConnections),
    signals: app.get(WorkSignals),
    createRun: async (executor = 'external') => {
      const { run } = await runs.create(tenant, {
        executor,
        task: 'a test',
        input: {},
        labels: {},
        context: {
          session_id: null,
          epic_id: null,
          task_id: null,
          git_sha: null,
          mode: null,
          artifact_paths: [],
        },
      });
      return run.id;
    },
    takeUp: async (runId, executor) => {
      const dispatch = app.get(DispatchStore);
      await dispatch.ensureGroup({ tenantId: tenant, executor });
      const [entry] = await dispatch.take({ tenantId: tenant, executor }, 'a-test', 1);
      if (entry?.runId !== runId) throw new Error(`${runId} is not the next run for ${executor}.`);
      const terms = { consumer: 'a-test', leaseMs: 10_000, patient: true, onLost: () => completed() };
      const answer = await dispatch.takeUp(entry, terms)();
      if (answer.kind !== 'taken') throw new Error(`${runId} is ${answer.kind}.`);
      return answer.taken.fence;
    },
    close: () => app.close(),
  };
}

/** An ordinary event: one line of output. */
export function line(text: string, more: Partial<EventInput> = {}): EventInput {
  return { event: { category: 'log', action: 'stdout' }, data: { line: text } satisfies JsonObject, ...more };
}

/** The event that ends a run. */
export function completed(result: unknown = null): EventInput {
  return { event: { category: 'lifecycle', action: 'completed' }, data: { result } };
}

/** What one watcher saw. */
export interface Watching {
  readonly signals: WatchSignal[];
  /** The sequences of the events seen, in order. */
  readonly sequences: number[];
  /** Where it would resume. */
  readonly cursor: EventId;
  /** The signals until the watch ended by itself; rejects with its error. */
  readonly ended: Promise<WatchSignal[]>;
  /** Resolves once the condition holds, which is looked at after each signal. */
  until(name: string, condition: (seen: Watching) => boolean): Promise<void>;
  stop(): void;
}

/** Watches a run and keeps what it sees. Default: from the start, everything. */
export function watchRun(
  { watcher, tenant }: Pick<TestStore, 'watcher' | 'tenant'>,
  runId: string,
  options: Partial<WatchOptions> = {},
): Watching {
  return watchLog((after) => watcher.watch(tenant, runId, { ...options, after }), options.after);
}

/** The same for any log. */
export function watchLog(
  watch: (after: EventId) => Observable<WatchSignal>,
  after: EventId = BEGINNING,
): Watching {
  const signals: WatchSignal[] = [];
  const sequences: number[] = [];
  const changed = new Subject<void>();
  let cursor = after;
  let subscription: Subscription | undefined;
  const ended = new Promise<WatchSignal[]>((resolve, reject) => {
    subscription = watch(after).subscribe({
      next: (signal) => {
        signals.push(signal);
        cursor = signal.cursor;
        if (signal.kind === 'events')
          sequences.push(...signal.events.map((event) => event.position.sequence));
        changed.next();
      },
      error: reject,
      complete: () => {
        resolve(signals);
      },
    });
  });
  ended.catch(() => undefined);
  const watching: Watching = {
    signals,
    sequences,
    ended,
    get cursor() {
      return cursor;
    },
    until: (name, condition) =>
      new Promise<void>((resolve, reject) => {
        const look = (): void => {
          if (!condition(watching)) return;
          clearTimeout(timer);
          looking.unsubscribe();
          resolve();
        };
        const timer = setTimeout(() => {
          looking.unsubscribe();
          const kinds = signals.map((signal) => signal.kind).slice(-20);
          reject(new Error(`Not in time: ${name}. Seen: ${sequences.length} events, …${kinds.join(', ')}`));
        }, 120_000);
        // Who waits for what never comes, to the end of a test, keeps no process from its end.
        timer.unref();
        const looking = changed.subscribe(look);
        look();
      }),
    stop: () => subscription?.unsubscribe(),
  };
  return watching;
}

/** 1, 2, … n: what a watcher of a whole run of n events sees. */
export function upTo(n: number, from = 1): number[] {
  return Array.from({ length: n - from + 1 }, (_, i) => from + i);
}

/** Appends `n` lines in batches. */
export async function appendLines(
  { store, tenant }: Pick<TestStore, 'store' | 'tenant'>,
  runId: string,
  n: number,
  more: Partial<EventInput> = {},
): Promise<void> {
  for (let done = 0; done < n; done += 500) {
    const lines = Array.from({ length: Math.min(500, n - done) }, (_, i) => line(`line ${done + i}`, more));
    await store.append(tenant, runId, lines);
  }
}

/** How often each command ran on the server, by name. Scripts count as `evalsha`, what they call under its own name. */
export async function commandCalls(redis: RedisClient): Promise<(name: string) => number> {
  const stats = await redis.info('commandstats');
  return (name) => Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0);
}

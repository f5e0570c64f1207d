import { afterEach } from '@jest/globals';
import {
  type AskedSettlement,
  DeadLetters,
  GroupControl,
  PendingEntries,
  type WorkerDelivery,
  type WorkerGroup,
  type WorkerGroupRef,
  WorkerGroups,
  type WorkerSettlement,
} from '../../src/consumer/index.js';
import { type EventStoreOptions, type GroupKeys, ofWorkers } from '../../src/event-store/index.js';
import type { RedisClient } from '../../src/redis/index.js';
import { startConsumers, type TestConsumers } from './consumer.js';
import { createTestStore, line, type TestStore, uniqueTenant } from './event-store.js';
import { eventually } from './eventually.js';

/** A lease that a test can wait for. */
export const SHORT_LEASE_MS = 300;
const LONG_LEASE_MS = 60_000;

/** What a worker says, with what it mostly does not say left out. */
export type Said = Pick<AskedSettlement, 'id' | 'token'> & Partial<AskedSettlement>;

/** A process that gives events out. */
export interface WorkerServer extends TestConsumers {
  groups: WorkerGroups;
  ref: WorkerGroupRef;
  /** What there is now. */
  take(most?: number, worker?: string): Promise<WorkerDelivery[]>;
  /** Takes until there is something. */
  next(most?: number, worker?: string): Promise<WorkerDelivery[]>;
  settle(...said: Said[]): Promise<WorkerSettlement[]>;
  control: GroupControl;
  letters: DeadLetters;
  pendingEntries: PendingEntries;
}

/** A group of workers of one tenant with one run, and any number of processes that serve it. */
export interface WorkerScene extends TestStore {
  name: string;
  stored: string;
  run: string;
  keys: GroupKeys;
  journal: string;
  commands: RedisClient;
  /** Changes how the group is defined; processes read it anew. */
  define(change: Partial<WorkerGroup>): void;
  server(options?: { url?: string }): Promise<WorkerServer>;
  append(...texts: string[]): Promise<void>;
  /** Pending in the journal, and what is parked, leased and delayed there. */
  standing(): Promise<{ pending: number; entries: number; parked: number; leased: number; delayed: number }>;
}

export function textOf({ event }: WorkerDelivery): string {
  return String(event.data['line']);
}

export function textsOf(deliveries: readonly WorkerDelivery[]): string[] {
  return deliveries.map(textOf);
}

/** Opens scenes for the tests of the surrounding `describe`, and closes what a test has opened. */
export function workerScenes(): (
  group?: Partial<WorkerGroup>,
  options?: EventStoreOptions & { url?: string },
) => Promise<WorkerScene> {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });
  return async (given = {}, options = {}) => {
    const store = await createTestStore(options);
    open.push(store);
    const { commands } = store.redis;
    const name = uniqueTenant();
    const run = await store.createRun();
    let group: WorkerGroup = {
      version: 1,
      types: ['log.stdout'],
      from: 'start',
      since: await store.redis.now('a'),
      ordering: 'none',
      maxAttempts: 3,
      backoff: { initialMs: 20, maxMs: 200 },
      leaseMs: LONG_LEASE_MS,
      ...given,
    };
    const keys = store.store.keys.group(store.tenant, 0, ofWorkers(name));
    const { journal } = store.store.keys.partition(store.tenant, 0);
    return {
      ...store,
      ...{ name, stored: ofWorkers(name), run, keys, journal, commands },
      define: (change) => (group = { ...group, ...change }),
      server: async (where = {}) => {
        const consumers = await startConsumers([], {
          ...(options.url !== undefined && { url: options.url }),
          ...where,
        });
        open.push(consumers);
        const groups = consumers.app.get(WorkerGroups);
        const ref = { tenantId: store.tenant, name, group, reread: () => Promise.resolve(group) };
        await groups.ensure(ref);
        const take = async (most = 10, worker = 'w'): Promise<WorkerDelivery[]> =>
          (await groups.take(ref, worker, most)).deliveries;
        return {
          ...consumers,
          ...{ groups, ref, take },
          next: async (most, worker) => {
            let taken: WorkerDelivery[] = [];
            await eventually('there is something', async () => {
              taken = await take(most, worker);
              return taken.length > 0;
            });
            return taken;
          },
          settle: (...said) => groups.settle(ref, said.map(withDefaults)),
          control: consumers.app.get(GroupControl),
          letters: consumers.app.get(DeadLetters),
          pendingEntries: consumers.app.get(PendingEntries),
        };
      },
      append: async (...texts) => {
        await store.store.append(
          store.tenant,
          run,
          texts.map((text) => line(text)),
        );
      },
      standing: async () => {
        const { entries, parked, leased, delayed } = keys.state('journal');
        const [[pending], ...rest] = await Promise.all([
          commands.xpending(journal, ofWorkers(name)) as Promise<[number]>,
          commands.hlen(entries),
          commands.zcard(parked),
          commands.zcard(leased),
          commands.zcard(delayed),
        ]);
        const [inEntries, inParked, inLeased, inDelayed] = rest;
        return { pending, entries: inEntries, parked: inParked, leased: inLeased, delayed: inDelayed };
      },
    };
  };
}

/** All of it is nothing. */
export const NOTHING_LEFT = { pending: 0, entries: 0, parked: 0, leased: 0, delayed: 0 };

function withDefaults(said: Said): AskedSettlement {
  return { outcome: 'success', delayMs: undefined, error: '', publish: [], startRuns: [], ...said };
}

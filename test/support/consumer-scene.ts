import { afterEach } from '@jest/globals';
import {
  EventHandler,
  type Handler,
  type HandlerContext,
  type HandlerOptions,
  type HandlerResult,
} from '../../src/consumer/index.js';
import { type GroupKeys, JOURNAL_TOPIC } from '../../src/event-store/index.js';
import type { EventInput, RecordedEvent } from '../../src/events/index.js';
import { isNoGroup } from '../../src/redis/index.js';
import { partitionOf } from '../../src/stream-consumer/index.js';
import { startConsumers, type TestConsumers } from './consumer.js';
import { createTestStore, line, type TestStore, uniqueTenant } from './event-store.js';
import { type RedisClient } from '../../src/redis/index.js';

/** A lease that tests can wait for, and that a busy machine does not lose by itself. */
export const TEST_LEASE_MS = 1000;

type Handle = (
  text: string,
  context: HandlerContext,
  event: RecordedEvent,
) => HandlerResult | void | Promise<HandlerResult | void>;

/** A group of one tenant with one run, and any number of processes' worth of consumers for it. */
export interface ConsumerScene extends TestStore {
  readonly group: string;
  readonly run: string;
  readonly keys: GroupKeys;
  readonly journal: string;
  readonly commands: RedisClient;
  /** Starts another instance with this handler. Its lease is TEST_LEASE_MS unless `options` says otherwise. */
  start(
    handle: Handle,
    options?: Partial<HandlerOptions>,
    where?: {
      url?: string;
      shutdownTimeoutMs?: number;
      maxHeldBytes?: number;
      canHandle?: (event: RecordedEvent) => boolean;
    },
  ): Promise<TestConsumers>;
  /** Appends lines of output to the run, in one batch. */
  append(...texts: string[]): Promise<void>;
  /** The journal's entries of lines, by their text. */
  entryOf(text: string): Promise<string>;
  /** Writes an entry to the journal as nobody here does: a copy, or with fields that mean nothing. */
  inject(fields: readonly string[]): Promise<string>;
  pending(): Promise<PendingEntry[]>;
  dead(): Promise<Record<string, string>[]>;
  /** Whether the group has been given everything and holds nothing. */
  isSettled(): Promise<boolean>;
}

export interface PendingEntry {
  id: string;
  consumer: string;
  idleMs: number;
}

/** Opens scenes for the tests of the surrounding `describe`, and closes what a test has opened. */
export function consumerScenes(): (options?: { url?: string }) => Promise<ConsumerScene> {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });
  return async (options = {}) => {
    const store = await createTestStore(options);
    open.push(store);
    const { commands } = store.redis;
    const group = uniqueTenant();
    const run = await store.createRun();
    const { journal, journalLast } = store.store.keys.partition(store.tenant, 0);
    const keys = store.store.keys.group(store.tenant, 0, group);
    return {
      ...store,
      group,
      run,
      keys,
      journal,
      commands,
      start: async (handle, handlerOptions = {}, where = {}) => {
        @EventHandler({
          group,
          types: ['log.stdout'],
          from: 'start',
          leaseMs: TEST_LEASE_MS,
          backoff: { initialMs: 20, maxMs: 200 },
          ...handlerOptions,
        })
        class SceneHandler implements Handler {
          async handle(event: RecordedEvent, context: HandlerContext): Promise<HandlerResult | void> {
            return handle(String(event.data['line']), context, event);
          }
        }
        const { canHandle } = where;
        if (canHandle) Object.assign(SceneHandler.prototype, { canHandle });
        const consumers = await startConsumers([SceneHandler], {
          ...options,
          ...where,
          consumer: {
            tenants: [store.tenant],
            ...(where.maxHeldBytes && { maxHeldBytes: where.maxHeldBytes }),
          },
        });
        let closing: Promise<void> | undefined;
        const closeOnce = (): Promise<void> => (closing ??= consumers.close());
        open.push({ close: closeOnce });
        return { ...consumers, close: closeOnce };
      },
      append: async (...texts) => {
        const events: EventInput[] = texts.map((text) => line(text));
        await store.store.append(store.tenant, run, events);
      },
      entryOf: async (text) => {
        const entries = await commands.xrange(journal, '-', '+');
        const found = entries.find(([, fields]) =>
          fields.some((value) => value.includes(`"line":"${text}"`)),
        );
        if (!found) throw new Error(`There is no entry for "${text}".`);
        return found[0];
      },
      inject: async (fields) => {
        const last = await commands.get(journalLast);
        const [ms, n] = (last ?? '0-0').split('-').map(Number);
        const id = `${ms}-${(n ?? 0) + 1}`;
        await store.signals.around([{ topic: JOURNAL_TOPIC, partition: partitionOf(store.tenant) }], () =>
          commands
            .multi()
            .xadd(journal, id, ...fields)
            .set(journalLast, id)
            .exec(),
        );
        return id;
      },
      pending: async () => {
        const rows = (await commands.xpending(journal, group, '-', '+', 1000).catch((error: unknown) => {
          // It is not there yet.
          if (isNoGroup(error)) return [];
          throw error;
        })) as [string, string, number][];
        return rows.map(([id, consumer, idleMs]) => ({ id, consumer, idleMs }));
      },
      dead: async () => {
        const letters = await commands.xrange(keys.dead, '-', '+');
        return letters.map(([, fields]) => toRecord(fields));
      },
      isSettled: async () => {
        const [tip] = await commands.xrevrange(journal, '+', '-', 'COUNT', 1);
        const groups = (await commands.xinfo('GROUPS', journal)) as unknown[][];
        const fields = toRecord(groups.find((one) => one[1] === group) ?? []);
        return Number(fields['pending']) === 0 && fields['last-delivered-id'] === tip?.[0];
      },
    };
  };
}

function toRecord(fields: readonly unknown[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let i = 0; i < fields.length; i += 2) record[String(fields[i])] = String(fields[i + 1]);
  return record;
}

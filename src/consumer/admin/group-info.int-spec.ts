import { afterEach, describe, expect, it } from '@jest/globals';
import { startConsumers, type TestConsumers } from '../../../test/support/consumer.js';
import {
  completed,
  createTestStore,
  line,
  type TestStore,
  uniqueTenant,
} from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { EventHandler } from '../handler/event-handler.decorator.js';
import { GroupCatalog, type GroupInfo } from './group-info.js';
import type { Handler } from '../handler/handler.js';
import { HandlerResult } from '../handler/handler-result.js';

describe('How a group stands', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  async function start(
    handlers: (new () => Handler)[] = [],
  ): Promise<{ store: TestStore; consumers: TestConsumers; info: (group: string) => Promise<GroupInfo> }> {
    const store = await createTestStore();
    open.push(store);
    const consumers = await startConsumers(handlers, {
      consumer: { tenants: [store.tenant] },
    });
    open.push(consumers);
    const catalog = consumers.app.get(GroupCatalog);
    return { store, consumers, info: (group) => catalog.get(store.tenant, group) };
  }

  const journalOf = ({ store, tenant }: TestStore): string => store.keys.partition(tenant, 0).journal;

  it('T50 lag is a number, and right, at an odd start id, after deletions, and for one that has read some', async () => {
    const { store, info } = await start();
    const { commands } = store.redis;
    const journal = journalOf(store);
    // Each event is one entry: 1 started, 2…6 lines.
    const run = await store.createRun();
    for (let n = 0; n < 5; n++) await store.store.append(store.tenant, run, [line(`${n}`)]);
    const doomed = await store.createRun();
    await store.store.append(store.tenant, doomed, [line('x'), line('y')]);
    await store.store.append(store.tenant, run, [line('last')]);
    const now = Date.now();

    await commands.xgroup('CREATE', journal, 'from-start', '0');
    await commands.xgroup('CREATE', journal, 'from-before', '1000-0');
    await commands.xgroup('CREATE', journal, 'from-later', `${now + 60_000}-0`);
    await commands.xgroup('CREATE', journal, 'from-third', '0');
    await commands.xreadgroup('GROUP', 'from-third', 'c', 'COUNT', 3, 'STREAMS', journal, '>');
    const lags = async (): Promise<number[]> =>
      Promise.all(
        ['from-start', 'from-before', 'from-later', 'from-third'].map(
          async (group) => (await info(group)).lag,
        ),
      );
    expect(await lags()).toEqual([10, 10, 0, 7]);

    await store.store.delete(store.tenant, doomed);
    expect(await lags()).toEqual([7, 7, 0, 4]);
    // What Redis says itself: the reason for counting.
    const groups = (await commands.xinfo('GROUPS', journal)) as unknown[][];
    expect(groups.map((fields) => fields[fields.indexOf('lag') + 1])).toContain(null);
  });

  it('tells what is pending, since when, and who holds it', async () => {
    const { store, info } = await start();
    const { commands } = store.redis;
    const run = await store.createRun();
    await store.store.append(store.tenant, run, [line('a'), line('b')]);
    await commands.xgroup('CREATE', journalOf(store), 'manual', '0');
    await commands.xreadgroup('GROUP', 'manual', 'me', 'COUNT', 2, 'STREAMS', journalOf(store), '>');
    const found = await info('manual');
    expect(found).toMatchObject({ group: 'manual', handler: undefined, pending: 2, lag: 1, isPaused: false });
    expect(found.consumers).toEqual([{ name: 'me', pending: 2, idleMs: expect.any(Number) }]);
    expect(found.oldestPendingMs).toBeGreaterThanOrEqual(0);
    expect(found.oldestPendingMs).toBeLessThan(10_000);
  });

  it('knows the handler, also of a group that another process handles', async () => {
    const group = uniqueTenant();
    @EventHandler({ group, types: ['log.stdout'], from: 'start' })
    class Reader implements Handler {
      handle(): void {
        // nothing to do
      }
    }
    const { store, info } = await start([Reader]);
    await store.createRun();
    await eventually('it is handled', async () => (await info(group)).isHandled);

    const api = await startConsumers([], { consumer: { enabled: false } });
    open.push(api);
    const catalog = api.app.get(GroupCatalog);
    await eventually('the other process can tell', async () => {
      const groups = await catalog.list(store.tenant);
      return groups.some(({ handler }) => handler?.name === 'Reader');
    });
    expect(await catalog.get(store.tenant, group)).toMatchObject({
      isHandled: true,
      handler: { name: 'Reader', types: ['log.stdout'] },
    });
    expect(await catalog.list(uniqueTenant())).toEqual([]);
  });

  it('counts retries that wait, and dead letters', async () => {
    const group = uniqueTenant();
    @EventHandler({ group, types: ['log.*', 'lifecycle.completed'], from: 'start' })
    class Wavering implements Handler {
      handle(event: { data: Record<string, unknown> }): HandlerResult {
        return 'line' in event.data ? HandlerResult.retry({ delayMs: 60_000 }) : HandlerResult.fail('no');
      }
    }
    const { store, info } = await start([Wavering]);
    const run = await store.createRun();
    await store.store.append(store.tenant, run, [line('a'), line('b'), completed()]);
    await eventually('all have an outcome', async () => {
      const { delayed, deadLetters } = await info(group);
      return delayed === 2 && deadLetters === 1;
    });
    expect(await info(group)).toMatchObject({ pending: 2, lag: 0 });
  });

  it('remembers what the last recovery found, for each tenant', async () => {
    const group = uniqueTenant();
    const store = await createTestStore();
    open.push(store);
    const run = await store.createRun();
    await store.store.append(store.tenant, run, [line('left behind')]);
    const { commands } = store.redis;
    await commands.xgroup('CREATE', journalOf(store), group, '0');
    await commands.xreadgroup('GROUP', group, 'gone', 'COUNT', 2, 'STREAMS', journalOf(store), '>');
    @EventHandler({ group, types: ['log.stdout'], from: 'start' })
    class Heir implements Handler {
      handle(): void {
        // nothing to do
      }
    }
    const consumers = await startConsumers([Heir], {
      consumer: { tenants: [store.tenant], overrides: { leaseMs: 300 } },
    });
    open.push(consumers);
    const catalog = consumers.app.get(GroupCatalog);
    await eventually(
      'it is written down',
      async () => (await catalog.get(store.tenant, group)).lastRecovery !== undefined,
    );
    // `lifecycle.started` is not wanted.
    expect((await catalog.get(store.tenant, group)).lastRecovery).toEqual({
      at: expect.any(Number),
      claimed: 2,
      processed: 1,
      skipped: 1,
      failed: 0,
    });
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import {
  completed,
  createTestStore,
  line,
  type TestStore,
  uniqueTenant,
} from '../../../test/support/event-store.js';
import { startConsumers, type TestConsumers } from '../../../test/support/consumer.js';
import { eventually } from '../../../test/support/eventually.js';
import type { RecordedEvent } from '../../events/index.js';
import { EventHandler } from '../handler/event-handler.decorator.js';
import type { Handler, HandlerContext } from '../handler/handler.js';
import { HandlerResult } from '../handler/handler-result.js';

describe('Handling events', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });
  const start = async (
    handlers: (new () => Handler)[],
  ): Promise<{ consumers: TestConsumers; store: TestStore }> => {
    const store = await createTestStore();
    const consumers = await startConsumers(handlers, { consumer: { tenants: [store.tenant] } });
    open.push(consumers, store);
    return { consumers, store };
  };

  it('hands every event of its types to the handler, once', async () => {
    const seen: string[] = [];
    const group = uniqueTenant();
    let run = '';
    @EventHandler({ group, types: ['log.*'], from: 'start' })
    class Collect implements Handler {
      async handle(event: RecordedEvent): Promise<void> {
        // Other tests share the Redis, and the handler has all its tenants.
        if (event.run_id === run) seen.push(String(event.data['line']));
      }
    }
    const { store } = await start([Collect]);
    run = await store.createRun();
    for (let n = 0; n < 10; n++) {
      await store.store.append(
        store.tenant,
        run,
        Array.from({ length: 100 }, (_, i) => line(`${n * 100 + i}`)),
      );
    }
    await store.store.append(store.tenant, run, [completed()]);
    const expected = Array.from({ length: 1000 }, (_, i) => `${i}`);
    await eventually('all are handled', () => seen.length >= 1000);
    expect([...seen].sort()).toEqual([...expected].sort());
  });

  it('tries again after a failure, and dead-letters after the last', async () => {
    const attempts: number[] = [];
    const group = uniqueTenant();
    let run = '';
    @EventHandler({ group, types: ['log.stdout'], from: 'start', maxAttempts: 3, backoff: { initialMs: 20 } })
    class Failing implements Handler {
      handle(event: RecordedEvent, context: HandlerContext): HandlerResult {
        if (event.run_id !== run) return HandlerResult.success();
        attempts.push(context.attempt);
        throw new Error('no luck');
      }
    }
    const { store } = await start([Failing]);
    run = await store.createRun();
    await store.store.append(store.tenant, run, [line('poison')]);
    const dead = store.store.keys.group(store.tenant, 0, group).dead;
    await eventually('it is dead-lettered', async () => (await store.redis.commands.xlen(dead)) === 1);
    expect(attempts).toEqual([1, 2, 3]);
  });

  it('keeps the order of a run through retries', async () => {
    const seen: string[] = [];
    const group = uniqueTenant();
    let run = '';
    @EventHandler({
      group,
      types: ['log.stdout'],
      from: 'start',
      ordering: 'run',
      backoff: { initialMs: 20 },
    })
    class Ordered implements Handler {
      handle(event: RecordedEvent, context: HandlerContext): HandlerResult | void {
        if (event.run_id !== run) return;
        const text = String(event.data['line']);
        if (Number(text) % 7 === 0 && context.attempt === 1) return HandlerResult.retry();
        seen.push(text);
      }
    }
    const { store } = await start([Ordered]);
    run = await store.createRun();
    await store.store.append(
      store.tenant,
      run,
      Array.from({ length: 50 }, (_, i) => line(`${i}`)),
    );
    await eventually('all are handled', () => seen.length === 50);
    expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`));
  });

  it('makes effects together with the acknowledgement', async () => {
    const group = uniqueTenant();
    const source = await createTestStore();
    open.push(source);
    let run = '';
    @EventHandler({ group, types: ['log.stdout'], from: 'start' })
    class Relay implements Handler {
      handle(event: RecordedEvent, context: HandlerContext): void {
        if (event.run_id !== run) return;
        context.publish(run, { type: 'system.warning', data: { message: 'seen' } });
        context.startRun({ task: 'next', key: 'order 42' });
      }
    }
    run = await source.createRun();
    await source.store.append(source.tenant, run, [line('go')]);
    open.push(await startConsumers([Relay], { consumer: { tenants: [source.tenant] } }));
    await eventually(
      'both are there',
      async () => (await source.runs.list(source.tenant, {}, 10)).runs.length === 2,
    );
    const line42 = await source.runs.list(source.tenant, { key: 'order 42' }, 10);
    expect(line42.runs).toMatchObject([{ task: 'next', key: 'order 42' }]);
    const { events } = await source.store.read(source.tenant, run);
    expect(events.map(({ type }) => type)).toEqual(['lifecycle.started', 'log.stdout', 'system.warning']);
  });
});

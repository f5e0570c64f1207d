import { afterEach, describe, expect, it } from '@jest/globals';
import { startConsumers, type TestConsumers } from '../../../test/support/consumer.js';
import { createTestStore, line, type TestStore, uniqueTenant } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import type { RecordedEvent } from '../../events/index.js';
import type { ConsumerRunner } from '../consumer-runner.js';
import { EventHandler } from '../handler/event-handler.decorator.js';
import { GroupControl } from './group-control.js';
import { GroupCatalog } from './group-info.js';
import type { Handler, HandlerContext } from '../handler/handler.js';
import type { HandlerOptions } from '../handler/handler-options.js';
import { HandlerResult } from '../handler/handler-result.js';

describe('Steering a group', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  interface Scene {
    store: TestStore;
    run: string;
    runner: ConsumerRunner;
    control: GroupControl;
    catalog: GroupCatalog;
    start: () => Promise<TestConsumers>;
    append: (...texts: string[]) => Promise<void>;
  }

  async function scene(handlers: (new () => Handler)[]): Promise<Scene> {
    const store = await createTestStore();
    open.push(store);
    const run = await store.createRun();
    const start = async (): Promise<TestConsumers> => {
      const consumers = await startConsumers(handlers, {
        consumer: { tenants: [store.tenant] },
      });
      open.push(consumers);
      return consumers;
    };
    const { app, runner } = await start();
    return {
      store,
      run,
      start,
      runner,
      control: app.get(GroupControl),
      catalog: app.get(GroupCatalog),
      append: async (...texts) => {
        const events = texts.map((text) => line(text, { idempotency_key: text }));
        await store.store.append(store.tenant, run, events);
      },
    };
  }

  function recorder(
    group: string,
    options: Partial<HandlerOptions> = {},
    handle: (text: string, context: HandlerContext) => HandlerResult | void | Promise<void> = () => undefined,
  ): { Recorder: new () => Handler; seen: string[] } {
    const seen: string[] = [];
    @EventHandler({ types: ['log.stdout'], from: 'start', ...options, group })
    class Recorder implements Handler {
      handle(event: RecordedEvent, context: HandlerContext): HandlerResult | void | Promise<void> {
        const text = String(event.data['line']);
        seen.push(`${text} ${context.attempt}`);
        return handle(text, context);
      }
    }
    return { Recorder, seen };
  }

  /** What handlers have published into a run, in order. */
  async function effectsOf({ store, tenant }: TestStore, run: string): Promise<string[]> {
    const { events } = await store.read(tenant, run);
    return events
      .filter(({ type }) => type === 'system.warning')
      .map(({ json }) => String((JSON.parse(json.toString()) as RecordedEvent).data['of']));
  }

  it('a pause holds on every instance, at once, and loses nothing', async () => {
    const group = uniqueTenant();
    const { Recorder, seen } = recorder(group);
    const { store, control, catalog, start, append } = await scene([Recorder]);
    await start();
    await append('a');
    await eventually('both instances run', () => seen.length === 1);
    await control.pause(store.tenant, group);
    await append('b', 'c');
    // Given out or not: none is begun.
    await eventually('they are there', async () => {
      const { pending, lag } = await catalog.get(store.tenant, group);
      return pending + lag === 2;
    });
    await append('d');
    expect(seen).toEqual(['a 1']);
    expect(await catalog.get(store.tenant, group)).toMatchObject({ isPaused: true, pausedBy: undefined });
    await control.resume(store.tenant, group);
    await eventually('all are handled', () => seen.length === 4);
    expect([...seen].sort()).toEqual(['a 1', 'b 1', 'c 1', 'd 1']);
    expect(await catalog.get(store.tenant, group)).toMatchObject({ isPaused: false });
  });

  it('a pause says who did it and when, until it is over; one of an older version does not', async () => {
    const group = uniqueTenant();
    const { store, control, catalog } = await scene([recorder(group).Recorder]);
    const now = () => catalog.get(store.tenant, group);
    await control.pause(store.tenant, group, 'k1');
    const { pausedAt } = await now();
    expect(await now()).toMatchObject({ isPaused: true, pausedBy: 'k1', pausedAt: expect.any(Number) });
    await control.pause(store.tenant, group, 'k2');
    expect(await now()).toMatchObject({ pausedBy: 'k1', pausedAt });
    await control.resume(store.tenant, group);
    expect(await now()).toMatchObject({ isPaused: false, pausedBy: undefined, pausedAt: undefined });
    const { meta } = store.store.keys.group(store.tenant, 0, group);
    await store.redis.commands.hset(meta, 'paused', '1');
    expect(await now()).toMatchObject({ isPaused: true, pausedBy: undefined, pausedAt: undefined });
  });

  it('T51 a replay delivers again from an event on, although it was done, with fresh attempts', async () => {
    const group = uniqueTenant();
    const { Recorder, seen } = recorder(group);
    const { store, control, append } = await scene([Recorder]);
    await append('a', 'b', 'c');
    await eventually('all are handled', () => seen.length === 3);
    const { journal } = store.store.keys.partition(store.tenant, 0);
    const entries = await store.redis.commands.xrange(journal, '-', '+');
    // Entry 0 is `lifecycle.started`.
    await control.replay(store.tenant, group, entries[2]?.[0] ?? '');
    await eventually('they came again', () => seen.length === 5);
    await append('d');
    await eventually('and what is new', () => seen.includes('d 1'));
    expect([...seen].sort()).toEqual(['a 1', 'b 1', 'b 1', 'c 1', 'c 1', 'd 1']);
  });

  it('a replay from a time, and from before anything was', async () => {
    const group = uniqueTenant();
    const { Recorder, seen } = recorder(group);
    const { store, control, append } = await scene([Recorder]);
    await append('a');
    await eventually('it is handled', () => seen.length === 1);
    await control.replay(store.tenant, group, '2001-01-01T00:00:00Z');
    await eventually('it came again', () => seen.length === 2);
    await control.replay(store.tenant, group, new Date(Date.now() + 3_600_000).toISOString());
    await append('b');
    await eventually('nothing is passed over', () => seen.includes('b 1'));
    expect(seen).toEqual(['a 1', 'a 1', 'b 1']);
    await expect(control.replay(store.tenant, group, 'yesterday')).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
    });
  });

  it('T51 a replay forgets retries that wait, and lets an attempt that runs record nothing', async () => {
    const group = uniqueTenant();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let calls = 0;
    const { Recorder, seen } = recorder(group, {}, (text, { attempt }) => {
      if (text === 'waits' && calls++ === 0) return HandlerResult.retry({ delayMs: 3_600_000 });
      return text === 'runs' && seen.filter((one) => one === 'runs 1').length === 1 && attempt === 1
        ? held
        : undefined;
    });
    const { store, control, catalog, append } = await scene([Recorder]);
    await append('waits', 'runs');
    await eventually('one waits and one runs', async () => {
      const { delayed } = await catalog.get(store.tenant, group);
      return delayed === 1 && seen.length === 2;
    });
    await control.replay(store.tenant, group, '2001-01-01T00:00:00Z');
    expect(await catalog.get(store.tenant, group)).toMatchObject({ delayed: 0 });
    await eventually(
      'the one that waited came again',
      () => seen.filter((one) => one === 'waits 1').length === 2,
    );
    release();
    await eventually('the other one too', () => seen.filter((one) => one === 'runs 1').length === 2);
    await eventually('nothing is left', async () => {
      const { pending, lag } = await catalog.get(store.tenant, group);
      return pending === 0 && lag === 0;
    });
    expect([...seen].sort()).toEqual(['runs 1', 'runs 1', 'waits 1', 'waits 1']);
  });

  it('T51 a replay of an ordered group: effects exactly once for each delivery, in order', async () => {
    const group = uniqueTenant();
    let isFirst = true;
    let run = '';
    const { Recorder, seen } = recorder(group, { ordering: 'run' }, (text, context) => {
      if (text === 'b' && isFirst) return HandlerResult.retry({ delayMs: 3_600_000 });
      context.publish(run, { type: 'system.warning', data: { message: 'seen', of: text } });
    });
    const { store, control, catalog, append, run: id } = await scene([Recorder]);
    run = id;
    await append('a', 'b', 'c', 'd');
    await eventually('b holds up its run', async () => {
      const { delayed } = await catalog.get(store.tenant, group);
      return delayed === 1 && seen.length === 2;
    });
    isFirst = false;
    await control.replay(store.tenant, group, '2001-01-01T00:00:00Z');
    await eventually('all are handled', async () => {
      const { pending, lag } = await catalog.get(store.tenant, group);
      return seen.length >= 6 && pending === 0 && lag === 0;
    });
    expect(seen).toEqual(['a 1', 'b 1', 'a 1', 'b 1', 'c 1', 'd 1']);
    expect(await effectsOf(store, run)).toEqual(['a', 'a', 'b', 'c', 'd']);
  });

  it('an owner that loses an ordered group and gets it back does nothing twice', async () => {
    const group = uniqueTenant();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let run = '';
    const { Recorder, seen } = recorder(group, { ordering: 'run' }, async (text, context) => {
      context.publish(run, { type: 'system.warning', data: { message: 'seen', of: text } });
      if (text === 'a') await held;
    });
    const { store, append, catalog, runner, run: id } = await scene([Recorder]);
    run = id;
    await append('a', 'b');
    await eventually('a is being handled', () => seen.length === 1);
    // As another owner does that came and went.
    const { owner } = store.store.keys.group(store.tenant, 0, group);
    await store.redis.commands.multi().hincrby(owner, 'fence', 1).hset(owner, 'until', 0).exec();
    // The one that is being handled, and both taken over anew.
    await eventually('it owns the group again', () => runner.running[0]?.deliverer.inHand.size === 3);
    release();
    await eventually('nothing is left', async () => {
      const { pending, lag } = await catalog.get(store.tenant, group);
      return pending === 0 && lag === 0;
    });
    // What the first attempt at a asked for was refused, since it began under the fence that was lost.
    expect(seen).toEqual(['a 1', 'a 2', 'b 1']);
    expect(await effectsOf(store, run)).toEqual(['a', 'b']);
  });

  it('a group that nobody handles is removed with all it knows', async () => {
    const { store, control, catalog } = await scene([]);
    const group = uniqueTenant();
    const keys = store.store.keys.group(store.tenant, 0, group);
    const { journal } = store.store.keys.partition(store.tenant, 0);
    const { commands } = store.redis;
    await commands.xgroup('CREATE', journal, group, '0');
    await commands.xgroup('CREATE', keys.redrive, group, '0', 'MKSTREAM');
    await commands.xadd(keys.dead, '*', 'entry', '1-1', 'error', 'e');
    await commands.hset(keys.meta, { paused: '1', paused_at: '1', paused_by: 'k', epoch: '4', token: '9' });
    await control.remove(store.tenant, group);
    await expect(catalog.get(store.tenant, group)).rejects.toMatchObject({ code: 'GROUP_NOT_FOUND' });
    await expect(control.remove(store.tenant, group)).rejects.toMatchObject({ code: 'GROUP_NOT_FOUND' });
    expect(await commands.exists(keys.dead, keys.redrive, keys.owner)).toBe(0);
    // So that a later group of this name does not take old done markers for its own.
    expect(await commands.hgetall(keys.meta)).toEqual({ epoch: '5', token: '9' });
    expect(await commands.ttl(keys.meta)).toBeGreaterThan(7 * 86_400);
  });

  it('a group is not removed while a handler of it is known or was heard of', async () => {
    const group = uniqueTenant();
    const { Recorder, seen } = recorder(group);
    const { store, control, append } = await scene([Recorder]);
    await append('a');
    await eventually('it is handled', () => seen.length === 1);
    await expect(control.remove(store.tenant, group)).rejects.toMatchObject({ code: 'GROUP_IN_USE' });
    const other = await startConsumers([], { consumer: { enabled: false } });
    open.push(other);
    await expect(other.app.get(GroupControl).remove(store.tenant, group)).rejects.toMatchObject({
      code: 'GROUP_IN_USE',
    });
    await expect(control.pause(uniqueTenant(), 'nobody')).rejects.toMatchObject({ code: 'GROUP_NOT_FOUND' });
  });
});

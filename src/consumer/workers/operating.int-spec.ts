import { describe, expect, it } from '@jest/globals';
import { startConsumers } from '../../../test/support/consumer.js';
import { line, uniqueTenant, upTo } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { journalOf } from '../../../test/support/journal.js';
import { spreadOver } from '../../../test/support/partitions.js';
import { NOTHING_LEFT, SHORT_LEASE_MS, textsOf, workerScenes } from '../../../test/support/worker-scene.js';
import { partitionOfRun } from '../../event-store/index.js';
import { GroupCatalog } from '../admin/group-info.js';
import { EventHandler } from '../handler/event-handler.decorator.js';
import type { Handler } from '../handler/handler.js';

describe('Operators and groups of workers', () => {
  const open = workerScenes();

  it('see it under the name that the workers use', async () => {
    const scene = await open();
    const server = await scene.server();
    await scene.append('a', 'b');
    await server.take(1, 'w-1');
    const catalog = server.app.get(GroupCatalog);
    const [info] = await catalog.list(scene.tenant);
    expect(info).toMatchObject({
      ...{ group: scene.name, isHandled: true, pending: 1, lag: 1 },
      handler: { name: scene.name, types: ['log.stdout'] },
      consumers: [{ name: 'w-1', pending: 1 }],
    });
    expect(await catalog.get(scene.tenant, scene.name)).toMatchObject({ group: scene.name, pending: 1 });
    await expect(catalog.get(scene.tenant, scene.stored)).rejects.toThrow('group');
  });

  it.each(['none', 'run'] as const)('a pause holds, for what is due too (ordering: %s)', async (ordering) => {
    const scene = await open({ ordering, leaseMs: SHORT_LEASE_MS });
    const server = await scene.server();
    await scene.append('a', 'b');
    const [a] = await server.take(1);
    await server.control.pause(scene.tenant, scene.name, 'me');
    expect(await server.take()).toEqual([]);
    expect(await server.settle({ ...a!, outcome: 'retry', delayMs: 0 })).toMatchObject([{ result: 'ok' }]);
    expect(await server.take()).toEqual([]);
    await server.control.resume(scene.tenant, scene.name);
    expect(textsOf(await server.take(1))).toEqual(['a']);
  });

  it.each(['none', 'run'] as const)(
    'a replay gives all again from there on, whatever was out, parked or failed (ordering: %s)',
    async (ordering) => {
      const scene = await open({ ordering });
      const server = await scene.server();
      await scene.append(...upTo(5).map(String));
      for (const text of ['1', '2']) {
        const given = await server.take(1);
        expect(textsOf(given)).toEqual([text]);
        await server.settle(...given);
      }
      const out = await server.take(2);
      await server.settle({ ...out[0]!, outcome: 'retry', delayMs: 60_000 });
      await server.control.replay(scene.tenant, scene.name, '1970-01-01T00:00:00Z');
      expect(await scene.standing()).toEqual(NOTHING_LEFT);
      if (out[1]) expect(await server.settle(out[1])).toEqual([{ result: 'lost' }]);
      const again: string[] = [];
      await eventually('all came again', async () => {
        const given = await server.take(1);
        expect(given.every(({ attempt }) => attempt === 1)).toBe(true);
        again.push(...textsOf(given));
        await server.settle(...given);
        return again.length >= 5;
      });
      expect(again).toEqual(upTo(5).map(String));
      expect(await scene.standing()).toEqual(NOTHING_LEFT);
    },
  );

  it('a replay to the middle leaves what came before as it is', async () => {
    const scene = await open({ ordering: 'run' });
    const server = await scene.server();
    await scene.append('1', '2', '3', '4');
    const [first] = await server.take();
    const [, , third] = await scene.commands.xrange(scene.journal, '-', '+');
    // The journal begins with the start of the run: the third entry is '2'.
    await server.control.replay(scene.tenant, scene.name, third![0]);
    expect(await server.take()).toEqual([]);
    expect(await scene.standing()).toMatchObject({ leased: 1, delayed: 0, parked: 4 });
    const order = [first!.event.data['line']];
    await server.settle(first!);
    while (order.length < 4) {
      const given = await server.next();
      order.push(...textsOf(given));
      await server.settle(...given);
    }
    expect(order).toEqual(['1', '2', '3', '4']);
    expect(await scene.standing()).toEqual(NOTHING_LEFT);
  });

  it('a removal leaves nothing, and is refused while workers ask', async () => {
    const scene = await open({ ordering: 'run' });
    const server = await scene.server();
    await scene.append('a', 'b');
    const [a] = await server.take();
    await expect(server.control.remove(scene.tenant, scene.name)).rejects.toMatchObject({
      code: 'GROUP_IN_USE',
    });
    // As if they had been silent for a minute.
    for (const stream of [scene.journal, scene.keys.redrive])
      for (const [, consumer] of (await scene.commands.xinfo(
        'CONSUMERS',
        stream,
        scene.stored,
      )) as string[][])
        await scene.commands.xgroup('DELCONSUMER', stream, scene.stored, consumer ?? '');
    await server.control.remove(scene.tenant, scene.name);
    const left = await scene.commands.keys(`*group:${scene.stored}:*`);
    expect(left.map((key) => key.split(':').at(-1))).toEqual(['meta']);
    expect(await server.settle(a!)).toEqual([{ result: 'lost' }]);
    expect(await server.groups.renew(server.ref, [a!])).toEqual([undefined]);
  });

  it.each(['none', 'run'] as const)(
    'what the journal has no room for is dead-lettered, and nothing stands still for it (ordering: %s)',
    async (ordering) => {
      const scene = await open({ ordering, leaseMs: SHORT_LEASE_MS }, { journalMaxLength: 2 });
      const server = await scene.server();
      await scene.append(...upTo(6).map(String));
      const out = await server.take(2);
      const { trimmer } = journalOf(scene);
      const trimmed = await trimmer.trim(scene.tenant);
      expect(trimmed.deadLettered).toEqual({ [scene.stored]: 4 });
      expect(await server.settle(...out)).toEqual(out.map(() => ({ result: 'lost' })));
      const left: string[] = [];
      await eventually('the rest comes', async () => {
        const given = await server.take(1);
        left.push(...textsOf(given));
        await server.settle(...given);
        return left.length === 2;
      });
      expect(left).toEqual(['5', '6']);
      await eventually('the leases on what is gone have ended', async () => {
        await server.take();
        return JSON.stringify(await scene.standing()) === JSON.stringify(NOTHING_LEFT);
      });
    },
  );

  it('a group that Redis has lost is made again where it was', async () => {
    const scene = await open({ ordering: 'run', leaseMs: SHORT_LEASE_MS });
    const server = await scene.server();
    await scene.append('1', '2', '3');
    await server.settle(...(await server.take()));
    const given = await server.take();
    expect(textsOf(given)).toEqual(['2']);
    await scene.commands.xgroup('DESTROY', scene.journal, scene.stored);
    // Nobody has said how far it was: it begins anew, and what was known of its entries holds nothing up.
    const again: string[] = [];
    await eventually('all came', async () => {
      const more = await server.take();
      again.push(...textsOf(more));
      await server.settle(...more);
      return again.includes('3');
    });
    expect(again.filter((text, i) => again.indexOf(text) === i)).toEqual(expect.arrayContaining(['2', '3']));
    expect(again.slice(-2)).toEqual(['2', '3']);
  });

  it('the names of handlers in the service are theirs, whoever asks and wherever', async () => {
    const scene = await open();
    const server = await scene.server();
    const group = uniqueTenant();
    @EventHandler({ group })
    class Billing implements Handler {
      handle(): Promise<void> {
        return Promise.resolve();
      }
    }
    const service = await startConsumers([Billing], { consumer: { tenants: [uniqueTenant()] } });
    try {
      const taken = async (app: { get: typeof server.app.get }): Promise<boolean> =>
        app.get(GroupCatalog).isOfService(scene.tenant, group);
      expect(await taken(service.app)).toBe(true);
      await eventually('another process knows', () => taken(server.app));
      expect(await server.app.get(GroupCatalog).isOfService(scene.tenant, scene.name)).toBe(false);
    } finally {
      await service.close();
    }
  });

  it('terms that were changed hold for every process from that moment on', async () => {
    const scene = await open({ types: ['log.stderr'] });
    const [old, server] = [await scene.server(), await scene.server()];
    expect(await old.take()).toEqual([]);
    scene.define({ version: 2, types: ['log.stdout'] });
    server.ref.group = await server.ref.reread();
    await server.groups.ensure(server.ref);
    await scene.append('a');
    // It knows the old ones still, by which this is not wanted.
    expect(textsOf(await old.take())).toEqual(['a']);
  });

  it.each(['none', 'run'] as const)(
    'a group is served in every partition, also in those that come later (ordering: %s)',
    async (ordering) => {
      const scene = await open({ ordering });
      const [one, other] = [await scene.server(), await scene.server()];
      await spreadOver(scene, 4);
      for (const { store } of [one, other]) await store.partitions.refresh();
      const runs = [scene.run];
      while (new Set(runs.map(partitionOfRun)).size < 4) runs.push(await scene.createRun());
      for (const text of ['1', '2', '3'])
        for (const run of runs) await scene.store.append(scene.tenant, run, [line(text)]);
      const seen = new Map<string, string[]>(runs.map((run) => [run, []]));
      let count = 0;
      for (const server of [one, other, one, other, one, other, one, other, one]) {
        const given = await server.take(100);
        for (const { event } of given) seen.get(event.run_id)?.push(String(event.data['line']));
        count += given.length;
        await other.settle(
          ...given.map((one) => ({ ...one, publish: [{ runId: one.event.run_id, event: done }] })),
        );
      }
      expect(count).toBe(3 * runs.length);
      expect([...seen.values()]).toEqual(runs.map(() => ['1', '2', '3']));
    },
  );
});

const done = { event: { category: 'system', action: 'warning' }, data: { message: 'done' } };

import { describe, expect, it } from '@jest/globals';
import { consumerScenes } from '../../../test/support/consumer-scene.js';
import { eventually } from '../../../test/support/eventually.js';
import { HandlerResult } from '../handler/handler-result.js';
import { PendingEntries, type PendingEntry } from './pending-entries.js';

describe('What is pending in a group', () => {
  const open = consumerScenes();

  it('is told one by one, oldest first: who has it, how it stands, and why it failed last', async () => {
    const scene = await open();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const consumers = await scene.start(
      async (text) => {
        if (text === 'hangs') await held;
        return text === 'fails'
          ? HandlerResult.retry({ delayMs: 600_000, reason: 'the bank is closed:\nuntil 10 o’clock' })
          : HandlerResult.success();
      },
      { concurrency: 2 },
    );
    await scene.append('fine', 'fails', 'hangs');
    const pending = consumers.app.get(PendingEntries);
    const all = async (limit = 50): Promise<PendingEntry[]> => {
      const found: PendingEntry[] = [];
      for (let cursor: string | undefined = '_'; cursor !== undefined;) {
        const page = await pending.list(scene.tenant, scene.group, limit, cursor);
        expect(page.entries.length).toBeLessThanOrEqual(limit);
        found.push(...page.entries);
        cursor = page.next;
      }
      return found;
    };
    await eventually('one waits and one runs', async () => {
      const states = (await all()).map(({ state }) => state);
      return states.join() === 'delayed,running';
    });
    const [fails, hangs] = await all(1);
    expect(fails).toMatchObject({
      entryId: await scene.entryOf('fails'),
      runId: scene.run,
      type: 'log.stdout',
      isRedrive: false,
      state: 'delayed',
      attempts: 1,
      lastError: 'the bank is closed:\nuntil 10 o’clock',
    });
    expect(Number(fails!.nextTryAt) - Date.now()).toBeGreaterThan(300_000);
    expect(hangs).toMatchObject({
      entryId: await scene.entryOf('hangs'),
      state: 'running',
      attempts: 1,
      nextTryAt: undefined,
      lastError: undefined,
    });
    expect(hangs!.consumer).toBe(fails!.consumer);
    release();
    await eventually('it is done', async () => (await all()).length === 1);
  });

  it('holds redriven dead letters too, and what was trimmed, and refuses an odd cursor', async () => {
    const scene = await open();
    const { commands, journal, group, tenant, keys } = scene;
    const consumers = await scene.start(() => undefined, { group: `${group}-other` });
    await scene.append('a', 'b');
    await commands.xgroup('CREATE', journal, group, '0');
    await commands.xgroup('CREATE', keys.redrive, group, '0', 'MKSTREAM');
    await commands.xreadgroup('GROUP', group, 'one', 'STREAMS', journal, '>');
    await commands.xadd(keys.redrive, '*', 'o', '1-1', 't', 'log.stdout', 'r', scene.run, 'e', '');
    await commands.xreadgroup('GROUP', group, 'two', 'STREAMS', keys.redrive, '>');
    await commands.xdel(journal, await scene.entryOf('a'));
    const pending = consumers.app.get(PendingEntries);
    const { entries, next } = await pending.list(tenant, group, 2);
    // The run's first event, and what is left of `a`.
    expect(entries.map(({ type, state }) => [type, state])).toEqual([
      ['lifecycle.started', 'running'],
      [undefined, 'running'],
    ]);
    const rest = await pending.list(tenant, group, 2, next);
    expect(rest.entries).toMatchObject([
      { type: 'log.stdout', isRedrive: false, consumer: 'one' },
      { entryId: '1-1', isRedrive: true, consumer: 'two', runId: scene.run },
    ]);
    expect(rest.next).toBeUndefined();
    for (const cursor of ['', '1', '1-1', 'x_', '1-1_1-1\n'])
      await expect(pending.list(tenant, group, 2, cursor)).rejects.toThrow('cursor');
    await expect(pending.list(tenant, 'no-such-group', 2)).rejects.toThrow('no consumer group');
  });

  it('tells what was begun and whose lease has ended', async () => {
    const scene = await open();
    const { commands, journal, group, tenant } = scene;
    const consumers = await scene.start(() => undefined, { group: `${group}-other` });
    await scene.append('a');
    await commands.xgroup('CREATE', journal, group, '0');
    for (const consumer of ['short.1', 'long.60000'])
      await commands.xreadgroup('GROUP', group, consumer, 'COUNT', 1, 'STREAMS', journal, '>');
    const pending = consumers.app.get(PendingEntries);
    await eventually('the lease of the first has ended', async () => {
      const { entries } = await pending.list(tenant, group, 10);
      return entries.map(({ state }) => state).join() === 'abandoned,running';
    });
  });
});

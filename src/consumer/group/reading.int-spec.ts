import { afterEach, describe, expect, it } from '@jest/globals';
import { consumerScenes } from '../../../test/support/consumer-scene.js';
import { commandCalls, upTo } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { type RedisServer, startRedis } from '../../../test/support/redis.js';
import { HandlerResult } from '../handler/handler-result.js';

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('Reading for a group', () => {
  const open = consumerScenes();
  const servers: RedisServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });
  const openAlone = async () => {
    const server = await startRedis();
    servers.push(server);
    return open({ url: server.url });
  };

  it.each(['none', 'run'] as const)(
    'T45 after a flush the group is made again, and loses nothing that comes then, ordering: %s',
    async (ordering) => {
      const scene = await openAlone();
      const seen: string[] = [];
      await scene.start((text) => void seen.push(text), { ordering, from: 'now' });
      await scene.append('a');
      await eventually('it works', () => seen.length === 1);
      await scene.commands.flushall();
      const calls = await commandCalls(scene.commands);
      await wait(1500);
      const callsAfter = await commandCalls(scene.commands);
      // It asks again at a pace, and not in a hot loop.
      expect(callsAfter('xreadgroup') - calls('xreadgroup')).toBeLessThan(20);
      const run = await scene.createRun();
      const lines = upTo(20).map((n) => ({
        event: { category: 'log' as const, action: 'stdout' },
        data: { line: `${n}` },
      }));
      await scene.store.append(scene.tenant, run, lines);
      await eventually('all are handled', () => seen.length === 21);
      await eventually('all are settled', () => scene.isSettled());
    },
  );

  it.each(['none', 'run'] as const)(
    'T45 a group that was lost goes on at its durable cursor: neither from the start nor from the end, ordering: %s',
    async (ordering) => {
      const scene = await open();
      const seen: string[] = [];
      await scene.start((text) => void seen.push(text), { ordering });
      await scene.append('a', 'b');
      await eventually('both are handled', () => scene.isSettled());
      const last = await scene.entryOf('b');
      await eventually(
        'the cursor is saved',
        async () => (await scene.commands.hget(scene.keys.meta, 'cursor')) === last,
      );
      await scene.commands.xgroup('DESTROY', scene.journal, scene.group);
      await scene.append('c', 'd');
      await eventually('those after it are handled', () => seen.length >= 4);
      await eventually('all are settled', () => scene.isSettled());
      expect(seen).toEqual(['a', 'b', 'c', 'd']);
    },
  );

  it('T72 two instances keep the order of each run, through retries and a change of owner', async () => {
    const scene = await open();
    const other = await scene.createRun();
    const seen: Record<string, number[]> = { [scene.run]: [], [other]: [] };
    const by = new Set<string>();
    const start = (name: string) =>
      scene.start(
        async (text, { attempt }, { run_id }) => {
          if (Number(text) % 9 === 0 && attempt === 1) return HandlerResult.retry();
          if (Number(text) % 4 === 0) await wait(2);
          seen[run_id]?.push(Number(text));
          by.add(name);
          return HandlerResult.success();
        },
        { ordering: 'run' },
      );
    const instances = [await start('first'), await start('second')];
    for (let n = 0; n < 10; n++) {
      for (const run of [scene.run, other]) {
        const lines = upTo(n * 10 + 10, n * 10 + 1).map((i) => ({
          event: { category: 'log' as const, action: 'stdout' },
          data: { line: `${i}` },
        }));
        await scene.store.append(scene.tenant, run, lines);
      }
      // Whoever owns the group, in the middle of it.
      if (n === 4) await eventually('some are handled', () => (seen[other]?.length ?? 0) > 10);
      if (n === 5) {
        const owner = await scene.commands.hget(scene.keys.owner, 'consumer');
        await instances.find(({ runner }) => runner.running[0]?.consumer === owner)?.close();
      }
    }
    await eventually('all are handled', () => scene.isSettled());
    expect(seen).toEqual({ [scene.run]: upTo(100), [other]: upTo(100) });
    expect(by.size).toBe(2);
  });

  it('T72 entries that reach a consumer after it has lost the group are not withheld from the next owner', async () => {
    const scene = await open();
    const seen: string[] = [];
    const { runner } = await scene.start((text) => void seen.push(text), { ordering: 'run' });
    await scene.append('a');
    await eventually('it works', () => seen.length === 1);
    // As another owner does: it has the group for longer than this one waits for something new.
    const consumer = runner.running[0]?.consumer;
    await scene.commands.hset(
      scene.keys.owner,
      'consumer',
      'another',
      'fence',
      '1000',
      'until',
      Date.now() + 60_000,
    );
    await scene.append('b');
    await wait(500);
    expect(seen).toEqual(['a']);
    // Nothing was given to the one that does not own the group.
    expect((await scene.pending()).filter((entry) => entry.consumer === consumer)).toEqual([]);
    await scene.commands.hset(scene.keys.owner, 'until', 0);
    await eventually('it is the owner again', () => seen.length === 2);
    expect(seen).toEqual(['a', 'b']);
  });

  it.each(['none', 'run'] as const)(
    'T245 what it has in hand is bounded in bytes, and one event is always taken, ordering: %s',
    async (ordering) => {
      const scene = await open();
      const text = (n: number): string => `${n} ${'x'.repeat(100_000)}`;
      for (const n of upTo(30)) await scene.append(text(n));
      const seen: number[] = [];
      let goOn: () => void = () => undefined;
      const isReleased = new Promise<void>((resolve) => (goOn = resolve));
      const { runner } = await scene.start(
        async (line) => {
          seen.push(Number(line.split(' ')[0]));
          await isReleased;
        },
        { ordering },
        { maxHeldBytes: 300_000 },
      );
      const held = (): number => runner.running[0]?.deliverer.inHand.size ?? 0;
      await eventually('it is at it', () => held() >= 3);
      await wait(300);
      // A visit brings a mebibyte at most.
      expect(held()).toBeLessThanOrEqual(3 + 10);
      goOn();
      await eventually('all are handled', () => scene.isSettled());
      expect(seen.sort((a, b) => a - b)).toEqual(upTo(30));
    },
  );

  it('T245 one that weighs more than all that may be held is handled', async () => {
    const scene = await open();
    const seen: string[] = [];
    await scene.start((text) => void seen.push(text), {}, { maxHeldBytes: 1 });
    await scene.append('a', 'b', 'c');
    await eventually('all are handled', () => seen.length === 3);
  });
});

import { describe, expect, it } from '@jest/globals';
import { consumerScenes } from '../../../test/support/consumer-scene.js';
import { eventually } from '../../../test/support/eventually.js';
import { line } from '../../../test/support/event-store.js';
import { HandlerResult } from '../handler/handler-result.js';
import { SCRIPTS } from '../scripts.js';
import { PendingEntries } from '../admin/pending-entries.js';

const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

describe('What waits in an ordered group', () => {
  const open = consumerScenes();
  type Scene = Awaited<ReturnType<typeof open>>;

  const appendNumbers = async (scene: Scene, run: string, last: number, size = 0): Promise<void> => {
    const numbers = upTo(last);
    for (let i = 0; i < last; i += 100) {
      const events = numbers.slice(i, i + 100).map((n) => line(`${n}`.padEnd(size)));
      await scene.store.append(scene.tenant, run, events);
    }
  };
  const parked = (scene: Scene): Promise<number> => scene.commands.zcard(scene.keys.state('journal').parked);

  it('T247 is parked behind a retry, and keeps neither other runs nor other owners from going on', async () => {
    const scene = await open();
    const seen: number[] = [];
    const others: string[] = [];
    let isClosed = true;
    const start = () =>
      scene.start(
        (text, _context, { run_id }) => {
          if (run_id !== scene.run) others.push(text);
          else if (isClosed) return HandlerResult.retry({ delayMs: 600_000 });
          else seen.push(Number(text));
          return HandlerResult.success();
        },
        { ordering: 'run' },
      );
    const first = await start();
    await appendNumbers(scene, scene.run, 300);
    await eventually('all of the run are parked', async () => (await parked(scene)) === 300);
    const other = await scene.createRun();
    await scene.store.append(scene.tenant, other, [line('other')]);
    await eventually('another run goes on', () => others.length === 1);
    const states = (await first.app.get(PendingEntries).list(scene.tenant, scene.group, 1000)).entries.map(
      ({ state }) => state,
    );
    expect(states).toEqual(['delayed', ...upTo(299).map(() => 'parked')]);

    await first.close();
    isClosed = false;
    // Its time has come.
    await scene.commands.zadd(scene.keys.state('journal').delayed, 'XX', 0, await scene.entryOf('1'));
    await start();
    await eventually('all are handled', () => scene.isSettled());
    expect(seen).toEqual(upTo(300));
    expect(await parked(scene)).toBe(0);
  });

  it('T248 is parked when it is too much for the memory, and comes in order', async () => {
    const scene = await open();
    const seen: number[] = [];
    const others: string[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const consumers = await scene.start(
      async (text, _context, { run_id }) => {
        if (run_id !== scene.run) {
          others.push(text.trim());
          return;
        }
        if (Number(text) === 1) await held;
        seen.push(Number(text));
      },
      { ordering: 'run', concurrency: 2 },
    );
    await appendNumbers(scene, scene.run, 400, 50_000);
    const other = await scene.createRun();
    await scene.store.append(scene.tenant, other, [line('other')]);
    await eventually('another run goes on', () => others.length === 1);
    await eventually('the most is parked', async () => (await parked(scene)) > 200);
    const { inHand } = consumers.runner.running[0]!.deliverer;
    expect(inHand.waitingBytes).toBeLessThan(10 * 1024 * 1024);
    release();
    await eventually('all are handled', () => scene.isSettled());
    expect(seen).toEqual(upTo(400));
  });

  it('T249 comes in order though its owner dies at any moment', async () => {
    const scene = await open();
    const seen: number[] = [];
    const failed = new Set<number>();
    const start = () =>
      scene.start(
        (text) => {
          const n = Number(text);
          if (n % 40 === 0 && !failed.has(n)) {
            failed.add(n);
            return HandlerResult.retry({ delayMs: 1500 });
          }
          seen.push(n);
          return HandlerResult.success();
        },
        { ordering: 'run' },
      );
    let owner = await start();
    await appendNumbers(scene, scene.run, 200);
    for (const n of [30, 70, 110, 150]) {
      await eventually(`${n} are handled`, () => seen.length >= n);
      // Nobody else notices: a new fence, as another owner would take it.
      await scene.commands.hincrby(scene.keys.owner, 'fence', 1);
      await scene.commands.hset(scene.keys.owner, 'until', 0);
      const next = await start();
      await owner.close();
      owner = next;
    }
    await eventually('all are handled', () => scene.isSettled());
    // Handed out twice at most where the fence went away under a handler, but never out of order.
    const firsts = seen.filter((n, i) => seen.indexOf(n) === i);
    expect(firsts).toEqual(upTo(200));
    expect(await parked(scene)).toBe(0);
  });

  it('T37 what was begun stays so when it is parked, or handed on: its process may have died of it', async () => {
    const scene = await open();
    const { commands, journal, group, keys } = scene;
    await scene.append('a');
    await commands.xgroup('CREATE', journal, group, '0');
    await commands.xreadgroup('GROUP', group, 'one', 'STREAMS', journal, '>');
    const id = await scene.entryOf('a');
    const { entries, parked: parkedKey } = keys.state('journal');
    await commands.hset(entries, id, '2 1 s 7 1 x why');
    await SCRIPTS.park.run(commands, [journal, entries, parkedKey, keys.owner], [group, '', id, 'run 1-1']);
    expect(await commands.hget(entries, id)).toBe('2 1 s 7 1 x why');
    const answers = await SCRIPTS.handOn.run(
      commands,
      [journal, entries],
      [group, 'one', 'v1', 0, id, 1, 'v2', 'two'],
    );
    expect(answers).toEqual([1]);
    expect(await commands.hget(entries, id)).toBe('2 1 s 7 1 !v1 why');
  });
});

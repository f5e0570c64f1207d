import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { checkHistory, type HandlerAttempt } from './checker.js';
import { type FaultScene, type FaultSceneOptions, openFaultScene } from './fault-scene.js';
import type { HistoryLine } from './history-file.js';
import { ORDERED_GROUP, SHARED_GROUP } from './workload.js';

const LEASE_MS = 2000;
type Begin = Extract<HistoryLine, { kind: 'begin' }>;

describe('Consumer processes that die or freeze', () => {
  const open: FaultScene[] = [];
  afterEach(async () => {
    for (const scene of open.splice(0)) await scene.close();
  });
  const openScene = async (options: Partial<FaultSceneOptions> = {}): Promise<FaultScene> => {
    const scene = await openFaultScene({ seed: 1, leaseMs: LEASE_MS, workers: 2, runs: 2, ...options });
    open.push(scene);
    await scene.pool.start();
    return scene;
  };
  const begins = async (scene: FaultScene, group: string): Promise<Begin[]> =>
    (await scene.lines()).filter((line): line is Begin => line.kind === 'begin' && line.group === group);
  const slotOf = (line: Begin): number => Number(line.worker.split('.')[0]);
  const of = (attempts: readonly HandlerAttempt[], group: string): HandlerAttempt[] =>
    attempts.filter((attempt) => attempt.group === group);

  it('T34 a process that is killed while it handles loses nothing and does nothing twice, in either group', async () => {
    const scene = await openScene();
    await scene.producer.produceTasks(0, [{ takesMs: 1500 }, {}, {}]);
    await scene.producer.produceTasks(1, [{}, { takesMs: 1500 }, {}]);
    const groups = [SHARED_GROUP, ORDERED_GROUP];
    const begun = () => Promise.all(groups.map((group) => begins(scene, group)));
    await eventually('both are at it', async () => (await begun()).every(({ length }) => length >= 2));
    for (const slot of new Set((await begun()).map(([first]) => slotOf(first!)))) scene.pool.kill(slot);
    const history = await scene.finish();
    expect(checkHistory(history)).toEqual([]);
    expect(history.dead).toEqual([]);
    expect(history.commits).toHaveLength(12);
    for (const group of groups) expect(of(history.attempts, group).length).toBeGreaterThan(6);
  });

  it('T37 an event that kills its process is dead-lettered, and its neighbours are not', async () => {
    const scene = await openScene({ maxAttempts: 3 });
    const neighbours = Array.from({ length: 30 }, () => ({ takesMs: 100 }));
    await scene.producer.produceTasks(0, [...neighbours, { poisons: SHARED_GROUP }, ...neighbours]);
    const history = await scene.finish();
    expect(checkHistory(history)).toEqual([]);
    const [poison] = history.events.filter(({ poisons }) => poisons !== null);
    expect(history.dead).toEqual([{ group: SHARED_GROUP, event: poison!.id }]);
    // Once among others, which counts for nobody, and three times alone.
    expect(of(history.attempts, SHARED_GROUP).filter(({ event }) => event === poison!.id)).toHaveLength(4);
    // What was begun beside it was begun once more, and no oftener.
    const tries = new Map<string, number>();
    for (const { event } of of(history.attempts, SHARED_GROUP)) tries.set(event, (tries.get(event) ?? 0) + 1);
    tries.delete(poison!.id);
    // Suspects run side by side once more, and alone only after a second death.
    expect(Math.max(...tries.values())).toBeLessThanOrEqual(3);
  });

  it.each([SHARED_GROUP, ORDERED_GROUP])(
    'T42 a process that is frozen for longer than the lease commits nothing when it wakes up: %s',
    async (group) => {
      const scene = await openScene();
      await scene.producer.produceTasks(0, [{ takesMs: LEASE_MS * 5 }]);
      await eventually('it is at it', async () => (await begins(scene, group)).length === 1);
      const [first] = await begins(scene, group);
      // It wakes up after another has it. In the shared group that may take as long as the ordered group's handler: an
      // event whose process seems dead is begun with nothing beside it.
      scene.pool.stopFor(slotOf(first!), LEASE_MS * (group === SHARED_GROUP ? 9 : 3));
      await eventually('another has it', async () => (await begins(scene, group)).length === 2, 40_000);
      const second = (await begins(scene, group))[1]!;
      expect(second.worker).not.toBe(first!.worker);
      expect(second.token).toBeGreaterThan(first!.token);
      const history = await scene.finish();
      expect(checkHistory(history)).toEqual([]);
      const [commit] = history.commits.filter((one) => one.group === group);
      expect(commit?.token).toBe(second.token);
      // The sleeper did wake up, and came to its end.
      const ends = (await scene.lines()).filter((line) => line.kind === 'end' && line.group === group);
      expect(ends.map(({ worker }) => worker).sort()).toEqual([first!.worker, second.worker].sort());
    },
  );
});

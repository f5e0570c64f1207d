import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { firstLineOf } from '../clients/streams/programs.js';
import { eventually } from '../support/eventually.js';
import { type Language, WorkerScene } from './worker-scene.js';

const languages: Language[] = firstLineOf('python3', ['--version'])
  ? ['Python', 'TypeScript']
  : ['TypeScript'];

/** Of those that are to be lost. */
const LEASE_SECONDS = 2;

const created = (data: Record<string, unknown>) => ({
  event: { category: 'task', action: 'created' },
  data,
});
const range = (to: number): number[] => Array.from({ length: to }, (_, n) => n);

describe.each(languages)('A handler in %s', (language) => {
  let scene: WorkerScene;
  beforeAll(async () => {
    scene = await WorkerScene.open(language);
  });
  afterEach(() => scene.killWorkers());
  afterAll(() => scene.close());

  const external = async (): Promise<string> => (await scene.client.runs.create({ task: 'events' })).id;
  const effectsOf = (runId: string): Promise<unknown[]> => scene.dataOf(runId, 'task.completed', 'n');
  const hasEffects = (runId: string, count: number): Promise<void> =>
    eventually(`${runId} has ${count} effects`, async () => (await effectsOf(runId)).length >= count);

  it('handles events with their effects, tries again, and gives up', async () => {
    scene.start('handlers');
    const id = await external();
    const ways = ['plain', 'retry', 'start', 'fail', 'plain'];
    await scene.client.runs.append(
      id,
      ways.map((how, n) => created({ n, how })),
    );
    await hasEffects(id, 4);
    expect(await effectsOf(id)).toEqual([0, 1, 2, 4]);
    // Of a try that failed.
    expect(await scene.dataOf(id, 'task.failed', 'n')).toEqual([]);
    expect((await scene.client.runs.list({ label: `by:${id}` })).runs).toMatchObject([
      { task: 'started by an effect' },
    ]);
    expect((await scene.client.deadLetters.list({ group: 'effects' })).dead_letters).toMatchObject([
      { error: expect.stringContaining('Nobody can do that.'), attempts: 1 },
    ]);
  });

  it('whose effects are refused has failed, and holds up no other', async () => {
    scene.start('handlers');
    const [bad, good] = [await external(), await external()];
    await scene.client.runs.append(bad, created({ n: 0, how: 'bad effect' }));
    await scene.client.runs.append(good, created({ n: 1 }));
    await hasEffects(good, 1);
    await eventually('its error is known', async () => {
      const { pending } = await scene.client.consumers.pending('effects');
      return pending.some(({ last_error }) => /type/i.test(last_error ?? ''));
    });
  });

  it('that is killed makes each effect once', async () => {
    const first = scene.start('handlers', LEASE_SECONDS);
    const ids = await Promise.all(range(4).map(external));
    const events = range(50).map((n) => created({ n, ms: 5 }));
    await Promise.all(ids.map((id) => scene.client.runs.append(id, events)));
    await hasEffects(ids[0]!, 10);
    first.process.kill('SIGKILL');
    scene.start('handlers', LEASE_SECONDS);
    for (const id of ids) {
      await hasEffects(id, 50);
      expect(await effectsOf(id)).toEqual(range(50));
    }
  });

  it('keeps all that it was given for as long as it handles it', async () => {
    const LEASE = 4;
    const ids = await Promise.all(range(3).map(external));
    for (const [n, id] of ids.entries())
      await scene.client.runs.append(id, created({ n: `kept-${n}`, ms: 2.5 * LEASE * 1000 }));
    // So that it is given them at once.
    const worker = scene.start('handlers', LEASE);
    for (const id of ids) await hasEffects(id, 1);
    const handled = worker.lines.filter((line) => line.includes('kept'));
    expect(handled.sort()).toEqual(range(3).map((n) => `handles kept-${n} 1`));
  });

  it('makes each effect once over a line that is cut', async () => {
    const line = await scene.cutLine(30);
    scene.start('handlers', 30, line.url);
    const ids = await Promise.all(range(4).map(external));
    const events = range(40).map((n) => created({ n, ms: 5 }));
    await Promise.all(ids.map((id) => scene.client.runs.append(id, events)));
    for (const id of ids) {
      await hasEffects(id, 40);
      expect(await effectsOf(id)).toEqual(range(40));
    }
    expect(line.cuts()).toBeGreaterThan(5);
  });

  it('goes on over a restart of the service, with each effect once', async () => {
    scene.start('handlers');
    const id = await external();
    await scene.client.runs.append(
      id,
      range(60).map((n) => created({ n, ms: 10 })),
    );
    await hasEffects(id, 10);
    await scene.stopService();
    await scene.startService();
    await hasEffects(id, 60);
    expect(await effectsOf(id)).toEqual(range(60));
  });

  it('gives back at SIGTERM what it has not begun, and it was no attempt', async () => {
    const LONG_SECONDS = 600;
    const worker = scene.start('handlers', LONG_SECONDS);
    const ids = await Promise.all(range(12).map(external));
    for (const [n, id] of ids.entries())
      await scene.client.runs.append(id, created({ n: `back-${n}`, ms: 1000 }));
    await worker.line(/back/);
    await eventually('it has all, more than it can handle', async () => {
      const { pending } = await scene.client.consumers.pending('effects');
      const handled = await Promise.all(ids.map(effectsOf));
      return pending.length + handled.flat().length === 12;
    });
    worker.process.kill('SIGTERM');
    expect(await worker.exit()).toBe(0);
    const next = scene.start('handlers', LONG_SECONDS);
    for (const id of ids) await hasEffects(id, 1);
    const handled = [worker, next].flatMap(({ lines }) => lines.filter((line) => line.includes('back')));
    expect(handled.sort()).toEqual(
      range(12)
        .map((n) => `handles back-${n} 1`)
        .sort(),
    );
  });

  it('finishes at SIGTERM what it has begun', async () => {
    const worker = scene.start('handlers');
    const id = await external();
    await scene.client.runs.append(
      id,
      range(8).map((n) => created({ n, ms: 50 })),
    );
    await worker.line(/^handles 0/);
    worker.process.kill('SIGTERM');
    expect(await worker.exit()).toBe(0);
    const handled = worker.lines.filter((line) => line.startsWith('handles')).length;
    expect(await effectsOf(id)).toEqual(range(handled));
  });
});

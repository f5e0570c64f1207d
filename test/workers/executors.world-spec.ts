import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { firstLineOf } from '../clients/streams/programs.js';
import type { Child } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import { report } from '../support/report-line.js';
import { type Language, WorkerScene } from './worker-scene.js';

const hasPython = firstLineOf('python3', ['--version']) !== undefined;
if (!hasPython) report('There is no Python here: its workers are left out.');
const languages: Language[] = hasPython ? ['Python', 'TypeScript'] : ['TypeScript'];

/** Of those that are to be lost. */
const LEASE_SECONDS = 2;

const numbers = (to: number): string[] => Array.from({ length: to }, (_, n) => String(n));

describe.each(languages)('An executor in %s', (language) => {
  let scene: WorkerScene;
  beforeAll(async () => {
    scene = await WorkerScene.open(language);
  });
  afterEach(() => scene.killWorkers());
  afterAll(() => scene.close());

  const begins = (worker: Child, runId: string, attempt: number): Promise<string> =>
    worker.line(new RegExp(`^begins ${runId} ${attempt}$`));
  const hasSaid = (runId: string, least: number): Promise<void> =>
    eventually(`${runId} has said ${least}`, async () => (await scene.linesOf(runId)).length >= least);

  it('executes runs, with their events, results and errors', async () => {
    scene.start('executors');
    const { id } = await scene.run('steps', { steps: 300 });
    expect(await scene.ended(id)).toMatchObject({
      ...{ status: 'completed', attempt: 1, result: { steps: 300 } },
    });
    expect(await scene.linesOf(id)).toEqual(numbers(300));
    const asynchronous = await scene.run('async-steps', { steps: 20, ms: 1 });
    expect(await scene.ended(asynchronous.id)).toMatchObject({ status: 'completed', result: { steps: 20 } });

    for (const [how, error] of [
      ['raises', "It can't be done."],
      ['refused', expect.stringMatching(/type/i)],
      ['no event', expect.any(String)],
      ['no JSON', expect.any(String)],
    ]) {
      const { id } = await scene.run('bad', { how });
      expect([how, await scene.ended(id)]).toMatchObject([how, { status: 'failed', error }]);
      expect(await scene.linesOf(id)).toEqual(['first']);
    }
  });

  it('that is killed is taken up again, and no event is lost or there twice', async () => {
    const first = scene.start('executors', LEASE_SECONDS);
    const { id } = await scene.run('steps', { steps: 200, ms: 5 });
    const once = await scene.run('once', { steps: 1000, ms: 20 });
    await Promise.all([hasSaid(id, 20), hasSaid(once.id, 5)]);
    first.process.kill('SIGKILL');
    const second = scene.start('executors', LEASE_SECONDS);
    await second.line(new RegExp(`^begins ${id} [2-9]$`));
    expect(await scene.ended(id)).toMatchObject({ status: 'completed', result: { steps: 200 } });
    expect(await scene.linesOf(id)).toEqual(numbers(200));
    expect(await scene.ended(once.id)).toMatchObject({ status: 'failed', error: 'executor lost' });
  });

  it('that is frozen for longer than its lease can write no more', async () => {
    const first = scene.start('executors', LEASE_SECONDS);
    const { id } = await scene.run('steps', { steps: 300, ms: 10 });
    await hasSaid(id, 10);
    first.process.kill('SIGSTOP');
    const second = scene.start('executors', LEASE_SECONDS);
    // A frozen one may be given it once more: it still asks for work, and can't be seen to be frozen.
    await second.line(new RegExp(`^begins ${id} [2-9]$`));
    first.process.kill('SIGCONT');
    await first.line(new RegExp(`^leaves ${id} lost$`));
    expect(await scene.ended(id)).toMatchObject({ status: 'completed', result: { steps: 300 } });
    expect(await scene.linesOf(id)).toEqual(numbers(300));
    // It goes on with others.
    second.process.kill('SIGKILL');
    await second.exit();
    const other = await scene.run('steps', { steps: 1 });
    await first.line(new RegExp(`^begins ${other.id} `));
  });

  it('loses and doubles nothing over a line that is cut', async () => {
    const line = await scene.cutLine(40);
    scene.start('executors', 30, line.url);
    const runs = await Promise.all(numbers(20).map(() => scene.run('steps', { steps: 50, ms: 5 })));
    for (const { id } of runs) {
      // No claim was lost with its answer either: it would have waited for its lease.
      expect(await scene.ended(id)).toMatchObject({ status: 'completed', attempt: 1, error: null });
      expect(await scene.linesOf(id)).toEqual(numbers(50));
    }
    expect(line.cuts()).toBeGreaterThan(10);
  });

  it('goes on over a restart of the service', async () => {
    const worker = scene.start('executors');
    const { id } = await scene.run('steps', { steps: 150, ms: 10 });
    await hasSaid(id, 20);
    await scene.stopService();
    await scene.startService();
    expect(await scene.ended(id)).toMatchObject({ status: 'completed', attempt: 1 });
    expect(await scene.linesOf(id)).toEqual(numbers(150));
    expect(await scene.ended((await scene.run('steps', { steps: 1 })).id)).toMatchObject({
      status: 'completed',
    });
    expect(worker.process.exitCode).toBeNull();
  });

  it('keeps the lease of a run that says nothing', async () => {
    scene.start('executors', 6);
    const { id } = await scene.run('async-steps', { steps: 2, ms: 600_000 });
    const until = async (): Promise<number> => {
      const { holder } = await scene.client.runs.get(id);
      return Date.parse(holder?.lease_until ?? '') || 0;
    };
    await eventually('it is held', async () => (await until()) > 0);
    const first = await until();
    // Each renewal is a third of the lease after the one before.
    await eventually('it is renewed', async () => (await until()) > first + 5000);
    expect(await scene.client.runs.get(id)).toMatchObject({ status: 'running', attempt: 1 });
    await scene.client.runs.cancel(id);
  });

  it.each([
    ['steps', 50],
    // It sleeps, and is woken.
    ['async-steps', 600_000],
  ])('hears of a cancel at once: %s', async (executor, ms) => {
    const worker = scene.start('executors');
    const { id } = await scene.run(executor, { steps: 10_000, ms });
    await begins(worker, id, 1);
    const at = Date.now();
    await scene.client.runs.cancel(id, { reason: 'enough' });
    await worker.line(new RegExp(`^leaves ${id} cancelled$`));
    report(`${language}, ${executor}: left ${Date.now() - at} ms after the cancel`);
    expect(await scene.ended((await scene.run(executor, { steps: 1 })).id)).toMatchObject({
      status: 'completed',
    });
  });

  it('gives back at SIGTERM what it can not finish, and finishes what it can', async () => {
    const first = scene.start('executors');
    const short = await scene.run('steps', { steps: 50, ms: 20 });
    const long = await scene.run('async-steps', { steps: 500, ms: 10 });
    const deaf = await scene.run('deaf', {});
    const once = await scene.run('once', { steps: 10_000, ms: 20 });
    await Promise.all([begins(first, short.id, 1), begins(first, long.id, 1), begins(first, deaf.id, 1)]);
    await begins(first, once.id, 1);
    first.process.kill('SIGTERM');
    expect(await first.exit()).toBe(0);
    expect(await scene.client.runs.get(short.id)).toMatchObject({ status: 'completed', attempt: 1 });
    expect(await scene.client.runs.get(once.id)).toMatchObject({ status: 'failed', error: 'executor lost' });
    for (const { id } of [long, deaf]) {
      expect(await scene.client.runs.get(id)).toMatchObject({ status: 'running', holder: null });
    }
    const stopped = Date.now();
    const second = scene.start('executors');
    await Promise.all([begins(second, long.id, 2), begins(second, deaf.id, 2)]);
    report(`${language}: taken up ${Date.now() - stopped} ms after the start of another worker`);
    expect(await scene.ended(long.id)).toMatchObject({ status: 'completed', attempt: 2 });
    expect(await scene.linesOf(long.id)).toEqual(numbers(500));
    expect(await scene.ended(deaf.id)).toMatchObject({ status: 'completed', result: 'heard' });
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestExecutors, type TestExecutors, typeOf } from '../../test/support/executors.js';
import { eventually } from '../../test/support/eventually.js';
import type { RecordedEvent } from '../events/index.js';
import { type Executor, type RunExecution, RunExecutor } from '../executors/index.js';
import { subscriberOf } from '../../test/support/subscriber.js';

type Job = (run: RunExecution) => unknown;

@RunExecutor('job')
class JobExecutor implements Executor {
  job: Job = () => undefined;

  execute(run: RunExecution): unknown {
    return this.job(run);
  }
}

const idOf = ({ data }: RecordedEvent): unknown => data['id'];

describe('An executor waits for an event from outside', () => {
  let one: TestExecutors;
  const start = (job: Job): Promise<string> => {
    one.app.get(JobExecutor).job = job;
    return one.createRun('job');
  };
  const send = async (runId: string, type: string, id: number) => {
    const [category = '', action = ''] = type.split('.');
    const event = { event: { category, action }, data: { id } };
    await one.store.append(one.tenant, runId, [event], { fromOutside: true });
  };
  const asked = (runId: string) =>
    eventually('it has asked', async () => (await one.events(runId)).map(typeOf).includes('gate.requested'));

  beforeAll(async () => {
    one = await createTestExecutors({ providers: [JobExecutor] });
  });
  afterAll(async () => {
    await one.close();
  });

  it('that comes later', async () => {
    const id = await start(async (run) => {
      await run.emit('gate.requested');
      return idOf(await run.waitFor('gate.approved'));
    });
    await asked(id);
    await send(id, 'gate.rejected', 1);
    await send(id, 'gate.approved', 2);
    expect(await one.ended(id)).toMatchObject({ status: 'completed', result: 2 });
  });

  it('that came before it waited, or before it was taken up', async () => {
    const waiting = await createTestExecutors({ enabled: false, providers: [JobExecutor] });
    const id = await waiting.createRun('job');
    const approved = { event: { category: 'gate', action: 'approved' }, data: { id: 7 } };
    await waiting.store.append(waiting.tenant, id, [approved], { fromOutside: true });
    const worker = await createTestExecutors({ providers: [JobExecutor], tenant: waiting.tenant });
    worker.app.get(JobExecutor).job = async (run) => idOf(await run.waitFor('gate.*'));
    expect(await waiting.ended(id)).toMatchObject({ status: 'completed', result: 7 });
    await Promise.all([waiting.close(), worker.close()]);
  });

  it('each once, in order, and by what it says', async () => {
    const id = await start(async (run) => {
      await run.emit('gate.requested');
      const third = await run.waitFor('gate.approved', { where: (event) => idOf(event) === 3 });
      const rest = [await run.waitFor('gate.approved'), await run.waitFor('gate.approved')];
      // Of another type, and long since there.
      const patch = await run.waitFor('patch.applied,patch.rejected');
      return [third, ...rest, patch].map(idOf);
    });
    await asked(id);
    await send(id, 'patch.rejected', 9);
    for (const number of [1, 2, 3]) await send(id, 'gate.approved', number);
    expect(await one.ended(id)).toMatchObject({ status: 'completed', result: [3, 1, 2, 9] });
  });

  it('several at once, each for its own', async () => {
    const id = await start(async (run) => {
      await run.emit('gate.requested');
      const waits = [2, 1, 2].map((n) =>
        run.waitFor('gate.approved', { where: (event) => idOf(event) === n }),
      );
      return (await Promise.all(waits)).map(({ sequence }) => sequence);
    });
    await asked(id);
    for (const number of [1, 2, 2]) await send(id, 'gate.approved', number);
    expect(await one.ended(id)).toMatchObject({ status: 'completed', result: [4, 3, 5] });
  });

  it('and does not take its own for one', async () => {
    const id = await start(async (run) => {
      await run.emit('gate.approved', { id: 1 });
      await run.emit('gate.approved', { id: 2 }, { idempotency_key: 'mine' });
      await run.emit('gate.requested');
      return idOf(await run.waitFor('gate.approved'));
    });
    await asked(id);
    await send(id, 'gate.approved', 3);
    expect(await one.ended(id)).toMatchObject({ status: 'completed', result: 3 });
  });

  it('no longer than it said', async () => {
    const id = await start((run) => run.waitFor('gate.approved', { timeoutMs: 50 }));
    expect(await one.ended(id)).toMatchObject({
      status: 'failed',
      error: 'no gate.approved came within 50 ms',
    });
  });

  it('and stops when the run is cancelled; a type that nobody can append is refused', async () => {
    let reason: unknown;
    const id = await start(async (run) => {
      const opened: string = 'gate.opened';
      await expect(run.waitFor(opened)).rejects.toMatchObject({
        code: 'UNKNOWN_EVENT_TYPE',
      });
      await run.emit('gate.requested');
      reason = await run.waitFor('gate.approved').catch((error: unknown) => error);
    });
    await asked(id);
    await one.cancel(id);
    await one.idle();
    expect(reason).toMatchObject({ name: 'RunAbortedError', reason: 'cancelled' });
    // Nobody listens any more.
    expect(subscriberOf(one.redis).listenerCount('smessage')).toBeLessThan(5);
  });

  it('T233 waits for 30 days, if it is told to', async () => {
    const id = await start(async (run) => {
      await run.emit('gate.requested');
      const { data } = await run.waitFor('gate.approved', { timeoutMs: 30 * 86_400_000 });
      return data['n'] ?? 'came';
    });
    await asked(id);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await send(id, 'gate.approved', 1);
    expect(await one.ended(id)).toMatchObject({ status: 'completed' });
  });

  it('and what its condition throws is its error', async () => {
    const id = await start(async (run) => {
      await run.emit('gate.requested');
      return run.waitFor('gate.approved', {
        where: () => {
          throw new Error('a wrong condition');
        },
      });
    });
    await asked(id);
    await send(id, 'gate.approved', 1);
    expect(await one.ended(id)).toMatchObject({ status: 'failed', error: 'a wrong condition' });
  });

  it('T68 an outsider who guesses keys can not have events of the executor taken for repetitions of his', async () => {
    const id = await start(async (run) => {
      await run.emit('gate.requested');
      await run.waitFor('gate.approved');
      await run.emit('log.stdout', { line: 'said' });
    });
    await asked(id);
    for (let n = 1; n < 5; n++) {
      const line = { event: { category: 'log', action: 'stderr' }, idempotency_key: `executor:1:${n}` };
      await one.store.append(one.tenant, id, [line], { fromOutside: true });
    }
    await send(id, 'gate.approved', 1);
    await one.ended(id);
    expect((await one.events(id)).map(typeOf)).toContain('log.stdout');
  });
});

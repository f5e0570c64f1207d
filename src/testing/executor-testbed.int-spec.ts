import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { once } from 'node:events';
import { testRedisUrl } from '../../test/support/redis.js';
import { uniqueTenant } from '../../test/support/event-store.js';
import { EventHandler, type Handler, type HandlerContext } from '../consumer/index.js';
import type { RecordedEvent } from '../events/index.js';
import { type Executor, RunExecutor, type RunExecution } from '../executors/index.js';
import { Runstream } from '../runs/index.js';
import { createExecutorTestbed, type ExecutorTestbed, type ExecutorTestbedOptions } from './index.js';

@Injectable()
class Clock {
  readonly started = Math.random();
}

@RunExecutor('asks', { onCrash: 'restart', leaseMs: 3_600_000 })
class Asks implements Executor {
  constructor(
    readonly clock: Clock,
    private readonly runs: Runstream,
  ) {}

  validateInput(input: Record<string, unknown>): void {
    if (input['refuse'] === true) throw new Error('refused');
  }

  async execute(run: RunExecution): Promise<unknown> {
    await run.emit('gate.requested', { attempt: run.attempt });
    const { data } = await run.waitFor('gate.approved');
    const { task } = await this.runs.get(run.id);
    return { by: data['by'], task, attempt: run.attempt };
  }
}

@RunExecutor('once')
class Once implements Executor {
  async execute(run: RunExecution): Promise<unknown> {
    await run.emit('gate.requested');
    if (!run.signal.aborted) await once(run.signal, 'abort');
    throw run.signal.reason;
  }
}

@EventHandler({ group: uniqueTenant(), types: ['gate.requested'] })
class Approves implements Handler {
  handle(event: RecordedEvent, context: HandlerContext): void {
    context.publish(event.run_id, { type: 'gate.approved', data: { by: 'policy' } });
  }
}

@Module({ providers: [Clock, Asks, Once, Approves] })
class AskingModule {}

describe('The testing kit for executors', () => {
  const open: ExecutorTestbed[] = [];
  const start = async (options: ExecutorTestbedOptions = {}): Promise<ExecutorTestbed> => {
    const testbed = await createExecutorTestbed({
      imports: [AskingModule],
      redisUrl: testRedisUrl(),
      ...options,
    });
    open.push(testbed);
    return testbed;
  };
  afterEach(() => Promise.all(open.splice(0).map((one) => one.close())));

  it('starts runs, gives them what they wait for, and shows what became of them', async () => {
    const testbed = await start();
    const run = await testbed.start({ executor: 'asks', task: 'ship it' });
    const asked = await testbed.reached(run, 'gate.requested');
    expect(asked.data).toEqual({ attempt: 1 });
    await testbed.publish(run, { type: 'gate.approved', data: { by: 'Ada' } });
    expect(await testbed.outcome(run)).toMatchObject({
      status: 'completed',
      result: { by: 'Ada', task: 'ship it', attempt: 1 },
    });
    const types = (await testbed.events(run)).map(({ event }) => `${event.category}.${event.action}`);
    expect(types).toEqual(['lifecycle.started', 'gate.requested', 'gate.approved', 'lifecycle.completed']);
    expect(await testbed.runs()).toMatchObject([{ id: run, executor: 'asks' }]);
  });

  it('makes the checks that a client meets', async () => {
    const testbed = await start();
    await expect(testbed.start({ executor: 'asks', input: { refuse: true } })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
    });
    await expect(testbed.start({ executor: 'nobody' })).rejects.toMatchObject({ code: 'UNKNOWN_EXECUTOR' });
    const run = await testbed.start({ executor: 'asks' });
    await testbed.reached(run, 'gate.requested');
    await expect(testbed.publish(run, { type: 'lifecycle.completed' })).rejects.toMatchObject({
      code: 'RUN_HAS_EXECUTOR',
    });
  });

  it('says how a run stands that does not come to its end', async () => {
    const testbed = await start();
    const run = await testbed.start({ executor: 'asks' });
    await testbed.reached(run, 'gate.requested');
    await expect(testbed.outcome(run, { timeoutMs: 1 })).rejects.toThrow(
      /"asks" has not ended within 1 ms: it is running, in attempt 1, .*lifecycle\.started, gate\.requested\./,
    );
    await expect(testbed.reached(run, 'patch.*', { timeoutMs: 1 })).rejects.toThrow(
      'has no patch.* after 1 ms',
    );
  });

  it('cancels', async () => {
    const testbed = await start();
    const run = await testbed.start({ executor: 'once' });
    await testbed.reached(run, 'gate.requested');
    await testbed.cancel(run, 'not needed');
    expect(await testbed.outcome(run)).toMatchObject({ status: 'cancelled' });
  });

  it('restarts as after a crash, and onCrash says what becomes of a run', async () => {
    const testbed = await start();
    const [asks, once] = await Promise.all(['asks', 'once'].map((executor) => testbed.start({ executor })));
    for (const run of [asks!, once!]) await testbed.reached(run, 'gate.requested');
    const before = testbed.get(Clock);
    await testbed.restart();
    expect(testbed.get(Clock)).not.toBe(before);
    await testbed.publish(asks!, { type: 'gate.approved', data: { by: 'Ada' } });
    expect(await testbed.outcome(asks!, { timeoutMs: 60_000 })).toMatchObject({
      status: 'completed',
      result: { attempt: 2 },
    });
    expect(await testbed.outcome(once!, { timeoutMs: 60_000 })).toMatchObject({
      status: 'failed',
      error: 'executor lost',
    });
  });

  it('leaves handlers out, unless they are asked for', async () => {
    const [alone, all] = [await start(), await start({ handlers: true })];
    expect(await all.execute({ executor: 'asks' })).toMatchObject({ result: { by: 'policy' } });
    const run = await alone.start({ executor: 'asks' });
    await alone.reached(run, 'gate.requested');
    await expect(alone.outcome(run, { timeoutMs: 100 })).rejects.toThrow('has not ended');
  });
});

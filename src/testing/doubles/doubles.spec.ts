import { describe, expect, it, jest } from '@jest/globals';
import { HandlerResult, type Handler, type HandlerContext } from '../../consumer/index.js';
import type { RecordedEvent } from '../../events/index.js';
import {
  type Executor,
  RunAbortedError,
  type RunExecution,
  WaitTimeoutError,
} from '../../executors/index.js';
import { createEvent, createHandlerContext, createRunExecution } from './index.js';

class Approve implements Handler<'gate.requested'> {
  async handle(
    event: RecordedEvent<'gate.requested'>,
    context: HandlerContext,
  ): Promise<HandlerResult | void> {
    if (context.attempt > 1) return HandlerResult.fail('asked twice');
    await context.extend();
    context.publish(event.run_id, { type: 'gate.approved', data: { of: event.data['n'] } });
    const run = context.startRun({ task: 'after it' });
    context.publish(run, { type: 'log.stdout', data: { line: 'started' } });
  }
}

describe('A HandlerContext for unit tests', () => {
  it('writes down what a handler asks for', async () => {
    const context = createHandlerContext();
    await new Approve().handle(createEvent({ type: 'gate.requested', data: { n: 7 } }), context);
    expect(context.published).toEqual([
      { runId: 'r0_test', type: 'gate.approved', data: { of: 7 } },
      { runId: 'r0_started_1', type: 'log.stdout', data: { line: 'started' } },
    ]);
    expect(context.started).toEqual([{ id: 'r0_started_1', task: 'after it' }]);
    expect(context.extended).toBe(1);
  });

  it('says what the test wants', async () => {
    const context = createHandlerContext({ attempt: 2, tenantId: 'acme', group: 'approvals' });
    const event = createEvent({ type: 'gate.requested' }, { tenantId: 'acme', sequence: 4 });
    expect(event).toMatchObject({ tenant_id: 'acme', sequence: 4, data: {} });
    expect(event.id).toMatch(/^\d+-4$/);
    expect(await new Approve().handle(event, context)).toEqual(HandlerResult.fail('asked twice'));
    context.abort();
    expect(context.signal.aborted).toBe(true);
    expect(context).toMatchObject({ tenantId: 'acme', group: 'approvals', published: [], started: [] });
  });

  it('refuses what no event and no run can be', () => {
    const context = createHandlerContext();
    const refusal = expect.objectContaining({ code: 'VALIDATION_FAILED' });
    for (const event of [
      undefined,
      {},
      { type: 'log.stdout', data: { n: Infinity } },
      { type: 'a.b', extra: 1 },
    ])
      expect(() => {
        context.publishUntyped('r0_test', event as never);
      }).toThrow(refusal);
    expect(() => context.startRun({ task: '' })).toThrow(refusal);
    expect(context).toMatchObject({ published: [], started: [] });
  });
});

class Deploy implements Executor {
  async execute(run: RunExecution<{ service: string }>): Promise<unknown> {
    await run.emit('gate.requested', { question: `Ship ${run.input.service}?` });
    const { data } = await run.waitFor('gate.approved,gate.rejected', { timeoutMs: 60_000 });
    return { by: data['by'] };
  }
}

describe('A RunExecution for unit tests', () => {
  const input = { service: 'shop' };

  it('writes down what an executor emits, and gives it what comes from outside', async () => {
    const run = createRunExecution({ input });
    const result = new Deploy().execute(run);
    run.receive({ type: 'gate.expired' });
    run.receive({ type: 'gate.approved', data: { by: 'Ada' } });
    expect(await result).toEqual({ by: 'Ada' });
    expect(run.emitted).toEqual([{ type: 'gate.requested', data: { question: 'Ship shop?' } }]);
  });

  it('gives each event once, also one that came early', async () => {
    const run = createRunExecution();
    for (const n of [1, 2, 3]) run.receive({ type: 'gate.approved', data: { n } });
    const second = await run.waitFor('gate.*', { where: ({ data }) => data['n'] === 2 });
    const rest = [await run.waitFor('gate.approved'), await run.waitFor('gate.approved')];
    expect([second, ...rest].map(({ data }) => data['n'])).toEqual([2, 1, 3]);
  });

  it('lets a wait end in time, with the timers of the test runner', async () => {
    jest.useFakeTimers();
    try {
      const result = new Deploy().execute(createRunExecution({ input }));
      const failure = expect(result).rejects.toThrow(WaitTimeoutError);
      await jest.advanceTimersByTimeAsync(60_000);
      await failure;
    } finally {
      jest.useRealTimers();
    }
  });

  it('aborts, and takes nothing afterwards but at a shutdown', async () => {
    const [cancelled, shutdown] = [createRunExecution({ input }), createRunExecution({ input })];
    const result = new Deploy().execute(cancelled);
    const failure = expect(result).rejects.toThrow(RunAbortedError);
    await Promise.resolve();
    cancelled.abort();
    shutdown.abort('shutdown');
    await failure;
    expect(await cancelled.emit('log.stdout', { line: 'late' })).toBeUndefined();
    expect(await shutdown.emit('log.stdout', { line: 'last' })).toMatch(/^\d+-\d+$/);
    await expect(shutdown.waitFor('gate.approved')).rejects.toThrow(RunAbortedError);
  });

  it('refuses what the real one refuses', async () => {
    const run = createRunExecution();
    const refusal = { code: 'VALIDATION_FAILED' };
    await expect(run.emit('lifecycle.completed')).rejects.toMatchObject(refusal);
    await expect(run.emitUntyped(7 as never)).rejects.toMatchObject(refusal);
    await run.emit('lifecycle.completed', {}, { source: { agent_id: 'a' } });
    expect(run.emitted).toHaveLength(1);
  });
});

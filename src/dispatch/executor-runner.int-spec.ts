import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Inject } from '@nestjs/common';
import { createTestExecutors, type TestExecutors, typeOf } from '../../test/support/executors.js';
import { eventually } from '../../test/support/eventually.js';
import { TenantContext } from '../tenancy/index.js';
import {
  type Executor,
  RunAbortedError,
  type RunExecution,
  RunExecutor,
  RunFailedError,
} from '../executors/index.js';
import { ExecutorDispatcher } from './executor-dispatcher.js';

type Job = (run: RunExecution, tenant: string) => unknown;

/** Does what the test gives it, so that each test can be read at one place. */
@RunExecutor('job')
class JobExecutor implements Executor {
  job: Job = () => undefined;

  constructor(@Inject(TenantContext) private readonly tenants: TenantContext) {}

  async execute(run: RunExecution): Promise<unknown> {
    return this.job(run, this.tenants.tenantId);
  }
}

class Gate {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

const abortOf = async ({ signal }: RunExecution): Promise<unknown> =>
  signal.aborted
    ? signal.reason
    : new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          resolve(signal.reason);
        });
      });

describe('Executing a run', () => {
  let one: TestExecutors;
  const run = async (job: Job) => {
    one.app.get(JobExecutor).job = job;
    return one.execute('job', { n: 1 });
  };
  /** Starts a run whose job has begun when this resolves. */
  const begin = async (instance: TestExecutors, job: Job) => {
    const begun = new Gate();
    instance.app.get(JobExecutor).job = (execution, tenant) => {
      begun.open();
      return job(execution, tenant);
    };
    const id = await instance.createRun('job');
    await begun.opened;
    return { id, done: () => instance.idle() };
  };

  beforeAll(async () => {
    one = await createTestExecutors({ providers: [JobExecutor] });
  });
  afterAll(async () => {
    await one.close();
  });

  it('goes from started to completed, with the result, in order and with the tenant bound', async () => {
    const record = await run(async (execution, tenant) => {
      const first = await execution.emit('llm.stream', { content: 'a' });
      await execution.emit('agent.completed', { message: 'b' }, { source: { agent_id: 'a1' } });
      return { first, tenant, input: execution.input, attempt: execution.attempt, fence: execution.fence };
    });
    const events = await one.events(record.id);
    expect(events.map(typeOf)).toEqual([
      'lifecycle.started',
      'llm.stream',
      'agent.completed',
      'lifecycle.completed',
    ]);
    expect(events.at(-1)).not.toHaveProperty('source');
    expect(events[0]).toMatchObject({ data: { task: 'a test' }, context: { task_id: 't1' } });
    expect(record).toMatchObject({
      status: 'completed',
      attempt: 1,
      result: { first: events[1]!.id, tenant: one.tenant, input: { n: 1 }, attempt: 1, fence: 1 },
    });
    expect(events[3]!.data['statistics']).toEqual({ duration_ms: expect.any(Number), events: 2 });
    expect(one.runner.activeCount).toBe(0);
  });

  it('is seen from outside: who has the run, until when, what it waits for, and when it last said something', async () => {
    const { id, done } = await begin(one, async (execution) => {
      await Promise.all([
        execution.waitFor('gate.approved', { where: ({ data }) => data['n'] === 1 }),
        execution.waitFor('gate.approved', { where: ({ data }) => data['n'] === 2 }),
        execution.waitFor('log.*'),
      ]);
      await execution.emit('agent.completed');
      await execution.waitFor('gate.rejected');
    });
    const now = () => one.runs.get(one.tenant, id);
    const isWaitingFor = (types: string | undefined) =>
      eventually(`it waits for ${types}`, async () => (await now()).waitingFor === types);
    const begun = await now();
    expect(begun.holder?.instance).toMatch(/-[0-9]+-[0-9a-f]{6}$/);
    expect(begun.holder!.leaseUntil - begun.startedAt!).toBe(30_000);
    expect(begun.lastEventAt).toBe(begun.startedAt);
    await isWaitingFor('gate.approved,log.*');

    const say = (type: string, data = {}) => {
      const [category = '', action = ''] = type.split('.');
      return one.store.append(one.tenant, id, [{ event: { category, action }, data }]);
    };
    await say('log.stdout');
    await say('gate.approved', { n: 1 });
    await isWaitingFor('gate.approved');
    await say('gate.approved', { n: 2 });
    await isWaitingFor('gate.rejected');
    const last = (await one.events(id)).at(-1)!;
    expect((await now()).lastEventAt).toBe(Number(last.id.split('-')[0]));
    const [listed] = (await one.runs.list(one.tenant, {}, 1)).runs;
    const { instance } = begun.holder!;
    expect(listed).toMatchObject({ id, waitingFor: 'gate.rejected', holder: { instance } });
    await say('gate.rejected');
    await done();
    const ended = await now();
    expect(ended).toMatchObject({ status: 'completed', lastEventAt: ended.completedAt });
    expect([ended.holder, ended.waitingFor]).toEqual([undefined, undefined]);
  });

  it('knows the key of its run, and that it has none', async () => {
    one.app.get(JobExecutor).job = ({ key }) => Promise.resolve(String(key));
    const { run: keyed } = await one.runs.create(one.tenant, { executor: 'job', task: 'x', key: 'chat 1' });
    expect((await one.ended(keyed.id)).result).toBe('chat 1');
    expect((await one.execute('job')).result).toBe('undefined');
  });

  it('turns what it throws into the error, without the stack', async () => {
    const plain = await run(() => {
      throw new TypeError('no such thing');
    });
    expect(plain).toMatchObject({ status: 'failed', error: 'no such thing' });
    expect(JSON.stringify(await one.events(plain.id))).not.toContain('int-spec');

    const detailed = await run(() => {
      throw new RunFailedError('exit code 3', { exit_code: 3 });
    });
    expect((await one.events(detailed.id)).at(-1)!.data).toMatchObject({
      error: 'exit code 3',
      details: { exit_code: 3 },
    });
  });

  it('takes any JSON value as a result, and ends the run for what is none or is too large', async () => {
    expect(await run(() => undefined)).toMatchObject({ status: 'completed', result: null });
    expect(await run(() => [1, 'two'])).toMatchObject({ status: 'completed', result: [1, 'two'] });
    expect(await run(() => 10n)).toMatchObject({ status: 'failed', error: expect.stringContaining('JSON') });
    expect(await run(() => () => 1)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('JSON'),
    });
    expect(await run(() => 'x'.repeat(1_100_000))).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('may have at most'),
    });
  });

  it('stores events that are not awaited together, in order, before the end', async () => {
    const record = await run((execution) => {
      for (let i = 0; i < 1050; i++) void execution.emit('llm.stream', { content: String(i) });
    });
    const events = await one.events(record.id);
    expect(events.slice(1, -1).map(({ data }) => data['content'])).toEqual(
      Array.from({ length: 1050 }, (_, i) => String(i)),
    );
    // One append is one script, so its events share a millisecond and the number of appends is bounded by those.
    expect(new Set(events.map(({ id }) => id.split('-')[0])).size).toBeLessThan(60);
  });

  it('refuses an event of its own lifecycle, and survives a refusal that nobody awaits', async () => {
    const record = await run(async (execution) => {
      void execution.emitUntyped('no.such_type');
      await expect(execution.emit('lifecycle.completed', {})).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
      });
      return 'went on';
    });
    expect(record).toMatchObject({ status: 'completed', result: 'went on' });
  });

  it('T25 is told of a cancel, and can write neither output nor an end after it', async () => {
    let reason: unknown;
    const { id, done } = await begin(one, async (execution) => {
      reason = await abortOf(execution);
      expect(await execution.emit('llm.stream', { content: 'late' })).toBeUndefined();
      return 'late result';
    });
    await one.cancel(id);
    await done();
    expect(reason).toMatchObject({ reason: 'cancelled' });
    expect(reason).toBeInstanceOf(RunAbortedError);
    expect(await one.runs.get(one.tenant, id)).toMatchObject({ status: 'cancelled', result: null });
    expect((await one.events(id)).map(typeOf)).toEqual(['lifecycle.started', 'lifecycle.cancelled']);
  });

  it('T25 of a cancel and an end that race exactly one wins', async () => {
    for (let i = 0; i < 20; i++) {
      const gate = new Gate();
      const { id, done } = await begin(one, () => gate.opened);
      gate.open();
      const cancelled = await one.cancel(id).then(
        () => true,
        () => false,
      );
      await done();
      const types = (await one.events(id)).map(typeOf);
      expect(types).toEqual(['lifecycle.started', cancelled ? 'lifecycle.cancelled' : 'lifecycle.completed']);
    }
  });

  it('is told that its run was deleted', async () => {
    let reason: unknown;
    const { id, done } = await begin(one, async (execution) => {
      reason = await abortOf(execution);
    });
    await one.store.delete(one.tenant, id);
    await done();
    expect(reason).toMatchObject({ reason: 'deleted' });
    await expect(one.runs.get(one.tenant, id)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  it('T68 an executor whose fence has passed on can write nothing more', async () => {
    const gate = new Gate();
    let late: unknown = 'unset';
    let reason: unknown;
    const { id, done } = await begin(one, async (execution) => {
      await execution.emit('llm.stream', { content: 'early' });
      await gate.opened;
      late = await execution.emit('llm.stream', { content: 'late' });
      reason = execution.signal.reason;
      throw new Error('must not be seen');
    });
    await eventually('it has begun', async () => (await one.events(id)).length === 2);
    // What taking it up again does.
    await one.redis.commands.hincrby(one.store.keys.run(one.tenant, id).run, 'fence', 1);
    gate.open();
    await done();
    expect(late).toBeUndefined();
    expect(reason).toMatchObject({ reason: 'taken_over' });
    expect((await one.events(id)).map(typeOf)).toEqual(['lifecycle.started', 'llm.stream']);
    expect(await one.runs.get(one.tenant, id)).toMatchObject({ status: 'running', sequence: 2 });
  });

  it('leaves a run pending whose executor is elsewhere, and one that was cancelled before alone', async () => {
    const elsewhere = await one.createRun('elsewhere');
    await run(() => 'later than that one');
    expect(await one.runs.get(one.tenant, elsewhere)).toMatchObject({ status: 'pending', attempt: 0 });

    const idle = await createTestExecutors({ providers: [JobExecutor], enabled: false });
    const cancelled = await idle.createRun('job');
    await idle.cancel(cancelled);
    const busy = await createTestExecutors({ providers: [JobExecutor], tenant: idle.tenant });
    const waiting = idle.store.keys.partition(idle.tenant, 0).dispatch('job');
    await eventually('it was looked at', async () => (await idle.redis.commands.xlen(waiting)) === 0);
    expect((await idle.events(cancelled)).map(typeOf)).toEqual(['lifecycle.cancelled']);
    await Promise.all([idle.close(), busy.close()]);
  });
});

describe('Shutting down', () => {
  const begin = async (shutdownTimeoutMs: number, job: Job) => {
    const instance = await createTestExecutors({ providers: [JobExecutor], shutdownTimeoutMs });
    const begun = new Gate();
    instance.app.get(JobExecutor).job = (execution, tenant) => {
      begun.open();
      return job(execution, tenant);
    };
    const id = await instance.createRun('job');
    await begun.opened;
    return { instance, id };
  };
  /** What another instance sees. */
  const seenElsewhere = async ({ tenant }: TestExecutors, id: string) => {
    const other = await createTestExecutors();
    const record = await other.runs.get(tenant, id);
    await other.close();
    return record;
  };

  it('T26 gives executors time to finish', async () => {
    const { instance, id } = await begin(5000, async (execution) => {
      const reason = await abortOf(execution);
      await execution.emit('llm.stream', { content: 'last words' });
      return (reason as RunAbortedError).reason;
    });
    await instance.close();
    expect(await seenElsewhere(instance, id)).toMatchObject({
      status: 'completed',
      result: 'shutdown',
      events: { 'llm.stream': 1 },
    });
  });

  it('T26 fails the run of an executor that stops without a result', async () => {
    const { instance, id } = await begin(5000, async (execution) => {
      throw await abortOf(execution);
    });
    await instance.close();
    expect(await seenElsewhere(instance, id)).toMatchObject({ status: 'failed', error: 'executor lost' });
  });

  it('T26 fails the run of an executor that does not stop in time', async () => {
    const late = new Gate();
    let emitted: unknown = 'unset';
    const { instance, id } = await begin(200, async (execution) => {
      await late.opened;
      emitted = await execution.emit('llm.stream', { content: 'late' });
    });
    const before = Date.now();
    await instance.close();
    expect(Date.now() - before).toBeLessThan(3000);
    expect(await seenElsewhere(instance, id)).toMatchObject({ status: 'failed', error: 'executor lost' });
    late.open();
    await eventually('the late event was answered', () => emitted === undefined);
    expect(await seenElsewhere(instance, id)).toMatchObject({ sequence: 2 });
  });

  it('T26 leaves a run pending that begins too late', async () => {
    const instance = await createTestExecutors({ providers: [JobExecutor] });
    await instance.app.get(ExecutorDispatcher, { strict: false }).beforeApplicationShutdown();
    const id = await instance.createRun('job');
    expect(await instance.runs.get(instance.tenant, id)).toMatchObject({ status: 'pending' });
    await instance.close();
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, Scope, type Type } from '@nestjs/common';
import { createTestExecutors, type TestExecutors } from '../../test/support/executors.js';
import type { ValidationFailedError } from '../common/index.js';
import type { JsonObject } from '../events/index.js';
import {
  type Executor,
  type RunExecution,
  RunExecutor,
  type RunExecutorOptions,
  RunFailedError,
} from '../executors/index.js';

async function refusalOf(...providers: Type[]): Promise<string> {
  try {
    const started = await createTestExecutors({ providers });
    await started.close();
  } catch (error) {
    return String(error);
  }
  return 'It started.';
}

/** A class with these options and any members, whatever the types say. */
function executorClass(options: unknown, members: object = { execute: () => null }): Type {
  const AnyExecutor = class {
    readonly isAny = true;
  };
  Object.defineProperties(AnyExecutor.prototype, Object.getOwnPropertyDescriptors(members));
  (RunExecutor('any', options as RunExecutorOptions) as (target: unknown) => void)(AnyExecutor);
  return AnyExecutor;
}

/** What the executor of this test does, by the `n` of its run's input. */
let works: ((run: RunExecution) => unknown)[] = [];

@RunExecutor('does')
class Does implements Executor {
  execute(run: RunExecution): unknown {
    return works[Number(run.input['n'])]?.(run);
  }

  validateInput(input: JsonObject): void {
    if (input['refuse'] === 'late') return Promise.reject(new Error('late')) as unknown as undefined;
    if (input['refuse'] === 'odd') throw Object.create(null) as Error;
  }
}

describe('What an executor throws or gives back', () => {
  const open: TestExecutors[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });
  const start = async (): Promise<TestExecutors> => {
    const one = await createTestExecutors({ providers: [Does] });
    open.push(one);
    return one;
  };

  it('T207 ends its run, whatever it is, and leaves a text', async () => {
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    const throwing = (value: unknown) => () => {
      throw value as Error;
    };
    const cases: [() => unknown, RegExp][] = [
      [throwing(Object.assign(new Error('x'), { message: { code: 'E42' } })), /E42/],
      [throwing(Object.create(null)), /./],
      [throwing(revoked.proxy), /./],
      [throwing(Symbol('odd')), /odd/],
      [throwing(new Error('')), /without a message/],
      [throwing({ code: 'E7', message: 'from a library' }), /from a library/],
      [throwing(new AggregateError([new Error('first')])), /first/],
      [throwing(new RunFailedError('told', cyclic)), /^told$/],
      [() => revoked.proxy, /revoked/],
      [() => cyclic, /result/],
      [() => Symbol('odd'), /result/],
      [() => (function* () {})(), /result/],
      [() => new Map([[1, 2]]), /result/],
      [() => new Error('returned'), /result.*returned/],
      [() => NaN, /result/],
      [() => ({ rows: [{ price: NaN }] }), /result.*rows\[0\]\.price is a number that is not finite/],
      [() => ({ id: 1n }), /result.*id is a bigint/],
      [
        () => ({
          toJSON: throwing(Object.create(null)),
        }),
        /result/,
      ],
    ];
    works = cases.map(([work]) => work);
    const one = await start();
    for (const [n, [, pattern]] of cases.entries()) {
      const run = await one.execute('does', { n });
      expect(run).toMatchObject({ status: 'failed', error: expect.stringMatching(pattern) });
    }
  });

  it('T207 and what it emits or waits for without awaiting it ends no process', async () => {
    const odd = {
      toJSON() {
        throw Object.create(null) as Error;
      },
    };
    works = [
      async (run) => {
        void run.emitUntyped(undefined as never);
        void run.emitUntyped(Symbol('s') as never);
        void run.emitUntyped('log.stdout', odd);
        await new Promise((resolve) => setTimeout(resolve, 100));
        return 'done';
      },
      async (run) => {
        await run.emit('gate.approved', {}, { idempotency_key: 'own' });
        return run.waitFor('log.stdout', {
          where: () => Promise.reject(new Error('not awaited')) as unknown as boolean,
        });
      },
      (run) =>
        run.waitFor('log.stdout', {
          where: () => {
            throw Object.create(null) as Error;
          },
        }),
    ];
    const one = await start();
    expect(await one.execute('does', { n: 0 })).toMatchObject({ status: 'completed', result: 'done' });
    for (const n of [1, 2]) {
      const id = await one.createRun('does', { n });
      await one.store.append(one.tenant, id, [
        { event: { category: 'log', action: 'stdout' }, data: { line: 'a' } },
      ]);
      expect(await one.ended(id)).toMatchObject({ status: 'failed', error: expect.stringMatching(/./) });
    }
  });

  it('T265 emit() says where its data is no JSON, and the run goes on', async () => {
    works = [
      async (run) => {
        const refused: unknown[] = [];
        for (const more of [{ row: { id: 1n } }, { row: NaN }] as object[])
          await run.emit('log.stdout', more as never).catch((error: unknown) => refused.push(error));
        return refused.map((error) => (error as ValidationFailedError).violations.map(({ path }) => path));
      },
    ];
    const one = await start();
    expect(await one.execute('does', { n: 0 })).toMatchObject({
      status: 'completed',
      result: [['data.row.id'], ['data.row']],
    });
  });

  it('T207 validateInput() refuses with any value, and answers at once', async () => {
    const one = await start();
    expect(() => one.registry.assertAccepts('does', { refuse: 'odd' })).toThrow(
      expect.objectContaining({ code: 'VALIDATION_FAILED' }),
    );
    expect(() => one.registry.assertAccepts('does', { refuse: 'late' })).toThrow(/validateInput/);
    expect(() => one.registry.assertAccepts('does', {})).not.toThrow();
  });
});

describe('An executor that could not work stops the start', () => {
  it.each<[string, unknown, RegExp]>([
    ['a misspelt onCrash', { onCrash: 'Restart' }, /onCrash.*'fail'.*'restart'.*"Restart"/],
    ['an option that there is not', { maxAttemps: 3 }, /maxAttemps.*maxAttempts/],
    ['NaN', { concurrency: NaN }, /concurrency/],
    ['too much', { concurrency: 9000 }, /concurrency.*1000/],
    ['0 attempts', { maxAttempts: 0 }, /maxAttempts/],
    ['a lease for a week', { leaseMs: 7 * 86_400_000 }, /leaseMs/],
    ['options that are none', 5, /options must be an object/],
  ])('T208 options: %s', async (_, options, pattern) => {
    expect(await refusalOf(executorClass(options))).toMatch(pattern);
  });

  it('T208 options given as undefined are not given', async () => {
    const one = await createTestExecutors({
      providers: [executorClass({ concurrency: undefined, leaseMs: undefined })],
    });
    expect(one.registry.get('any')?.options).toMatchObject({
      concurrency: 10,
      leaseMs: 30_000,
      maxAttempts: 5,
    });
    await one.close();
  });

  it('T208 members that can not work, and scopes', async () => {
    expect(await refusalOf(executorClass({}, { async *execute() {} }))).toMatch(/generator/);
    expect(
      await refusalOf(executorClass({}, { execute() {}, async validateInput() {} })), // prettier-ignore
    ).toMatch(/validateInput.*async/);
    @RunExecutor('transient')
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient implements Executor {
      execute(): void {}
    }
    expect(await refusalOf(Transient)).toContain('transient');
  });
});

import { describe, expect, it } from '@jest/globals';
import { Injectable, Scope } from '@nestjs/common';
import { createTestExecutors, type TestExecutorsOptions } from '../../test/support/executors.js';
import type { Executor } from './executor.js';
import type { RunExecution } from './run-execution.js';
import { RunExecutor } from './run-executor.decorator.js';

@RunExecutor('echo')
class Echo implements Executor {
  async execute(run: RunExecution): Promise<unknown> {
    return run.input;
  }

  validateInput(input: Record<string, unknown>): void {
    if (input['refuse']) throw new Error('refuse is not taken here');
  }
}

async function refusalOf(...providers: NonNullable<TestExecutorsOptions['providers']>): Promise<string> {
  try {
    const started = await createTestExecutors({ providers });
    await started.close();
  } catch (error) {
    return String(error);
  }
  throw new Error('It started.');
}

describe('Executors are found at the start', () => {
  it('among the providers of any module, also from a factory and under a second token', async () => {
    const one = await createTestExecutors({
      providers: [
        { provide: 'made', useFactory: () => new Echo() },
        { provide: 'alias', useExisting: 'made' },
      ],
    });
    expect(one.registry.names()).toEqual(['command', 'echo', 'external', 'replay']);
    expect(one.registry.get('echo')?.executor).toBeInstanceOf(Echo);
    expect(one.registry.get('external')).toBeUndefined();
    await one.close();
  });

  it('and a client that names another is told which there are', async () => {
    const one = await createTestExecutors({ providers: [Echo] });
    expect(() => one.registry.assertKnown('external')).not.toThrow();
    expect(() => one.registry.assertKnown('echo')).not.toThrow();
    expect(() => one.registry.assertKnown('ecco')).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_EXECUTOR', details: { executors: one.registry.names() } }),
    );
    expect(() => one.registry.assertKnown('constructor')).toThrow('There is no executor');
    expect(() => one.registry.assertAccepts('echo', { refuse: true })).toThrow(
      expect.objectContaining({
        code: 'VALIDATION_FAILED',
        details: [{ path: 'input', message: 'refuse is not taken here' }],
      }),
    );
    await one.close();
  });

  it('and a wrong one stops the start with the remedy', async () => {
    @RunExecutor('External')
    class WrongName extends Echo {}
    @RunExecutor('external')
    class Reserved extends Echo {}
    @RunExecutor('echo')
    class SameName extends Echo {}
    @RunExecutor('no-room', { concurrency: 0 })
    class NoRoom extends Echo {}
    @RunExecutor('no-lease', { leaseMs: 0 })
    class NoLease extends Echo {}
    @RunExecutor('scoped')
    @Injectable({ scope: Scope.REQUEST })
    class Scoped extends Echo {}
    class Nothing {
      readonly execute = undefined;
    }
    (RunExecutor('nothing') as (target: unknown) => void)(Nothing);

    expect(await refusalOf(WrongName)).toContain('Begin with a lower-case letter');
    expect(await refusalOf(Reserved)).toContain('Choose another name');
    expect(await refusalOf(Echo, SameName)).toContain('has the name of Echo. Rename one');
    expect(await refusalOf(Echo, { provide: 'again', useClass: Echo })).toContain('provided by two modules');
    expect(await refusalOf(Nothing)).toContain('has no execute() method');
    expect(await refusalOf(NoRoom)).toContain('at least 1');
    expect(await refusalOf(NoLease)).toContain('at least 100');
    await expect(createTestExecutors({ providers: [Echo], overrides: { leaseMs: 0 } })).rejects.toThrow(
      /overrides\.leaseMs.*at least 100/,
    );
    expect(await refusalOf(Scoped)).toContain('Make it and what it injects singletons');
    const scope = Scope.REQUEST;
    expect(await refusalOf({ provide: Echo, useFactory: () => new Echo(), scope })).toContain('singletons');
  });
});

import { describe, expect, it } from '@jest/globals';
import { Injectable, type Provider, Scope, type Type, UseGuards } from '@nestjs/common';
import { startConsumers } from '../../../test/support/consumer.js';
import { consumerScenes } from '../../../test/support/consumer-scene.js';
import { uniqueTenant } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { EventHandler } from './event-handler.decorator.js';
import type { Handler } from './handler.js';
import { backoffMs, type HandlerOptions } from './handler-options.js';

async function refusalOf(...handlers: Provider[]): Promise<string> {
  try {
    const started = await startConsumers(handlers, { consumer: { tenants: [] } });
    await started.close();
  } catch (error) {
    return String(error);
  }
  return 'It started.';
}

/** A class with these options and any members, whatever the types say. */
function handlerClass(options: unknown, members: object = { handle: () => undefined }): Type {
  class AnyHandler {
    readonly isAny = true;
  }
  Object.defineProperties(AnyHandler.prototype, Object.getOwnPropertyDescriptors(members));
  EventHandler(options as HandlerOptions)(AnyHandler as never);
  return AnyHandler;
}

describe('A handler that could not work stops the start', () => {
  it('T203 when it is scoped, or something that it injects is', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {}
    @Injectable({ scope: Scope.REQUEST, durable: true })
    class Durable {}
    @Injectable({ scope: Scope.REQUEST })
    class ScopedGuard {
      canActivate(): boolean {
        return true;
      }
    }
    const group = uniqueTenant();
    @EventHandler({ group })
    class Injects implements Handler {
      constructor(readonly it: PerRequest) {}
      handle(): void {}
    }
    @EventHandler({ group })
    class InjectsDurable implements Handler {
      constructor(readonly it: Durable) {}
      handle(): void {}
    }
    @EventHandler({ group })
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient implements Handler {
      handle(): void {}
    }
    @EventHandler({ group })
    @UseGuards(ScopedGuard)
    class Guarded implements Handler {
      handle(): void {}
    }
    expect(await refusalOf(Injects, PerRequest)).toContain('request-scoped');
    expect(await refusalOf(InjectsDurable, Durable)).toContain('request-scoped');
    expect(await refusalOf(Transient)).toContain('transient');
    expect(await refusalOf(Guarded, ScopedGuard)).toContain('request-scoped');
    const factory = { provide: Guarded, useFactory: () => new Guarded(), scope: Scope.REQUEST };
    expect(await refusalOf(factory)).toContain('request-scoped');
  });

  it.each<[string, unknown, RegExp]>([
    ['a misspelt ordering', { ordering: 'RUN' }, /ordering.*'none'.*'run'.*"RUN"/],
    ['a misspelt beginning', { from: 'begin' }, /from.*'start'.*'now'/],
    ['an option that there is not', { maxAttemps: 3 }, /maxAttemps.*maxAttempts/],
    ['NaN', { concurrency: NaN }, /concurrency/],
    ['0', { batchSize: 0 }, /batchSize/],
    ['too much', { concurrency: 9000 }, /concurrency.*1000/],
    ['a timer that would fire at once', { timeoutMs: 2 ** 31 }, /timeoutMs/],
    ['a backoff of another kind', { backoff: 5 }, /backoff/],
    ['a wrong number in the backoff', { backoff: { initialMs: -1 } }, /backoff\.initialMs/],
    ['a backoff of more than an hour', { backoff: { maxMs: 3_600_001 } }, /backoff\.maxMs.*3600000/],
    ['types that are no list', { types: 'log.stdout' }, /types/],
    ['several wrong options', { from: 'x', leaseMs: 1 }, /from[^]*leaseMs/],
    ['no group', { group: undefined }, /group/],
    ['a group that is no text', { group: Symbol('g') }, /group/],
  ])('T204 options: %s', async (_, options, pattern) => {
    expect(await refusalOf(handlerClass({ group: 'some-group', ...(options as object) }))).toMatch(pattern);
  });

  it('T204 members that can not work', async () => {
    const group = 'some-group';
    expect(await refusalOf(handlerClass({ group }, { async *handle() {} }))).toMatch(/generator/);
    expect(await refusalOf(handlerClass({ group }, { *handle() {} }))).toMatch(/generator/);
    expect(await refusalOf(handlerClass({ group }, { handle: 5 }))).toMatch(/handle\(\)/);
    expect(await refusalOf(handlerClass({ group }, { handle() {}, canHandle: true }))).toMatch(/canHandle/);
    expect(
      await refusalOf(
        handlerClass(
          { group },
          {
            handle() {},
            async canHandle() {
              return false;
            },
          },
        ),
      ),
    ).toMatch(/canHandle.*(async|Promise)/);
  });
});

it('T233 a backoff comes to an hour at most, after any number of failures', () => {
  for (const failures of [1, 13, 40, 1000]) {
    const delayMs = backoffMs({ initialMs: 1000, maxMs: 3_600_000 }, failures);
    expect(delayMs).toBeGreaterThanOrEqual(500);
    expect(delayMs).toBeLessThanOrEqual(3_600_000);
  }
});

describe('Options given as undefined', () => {
  const open = consumerScenes();
  it('T204 are not given', async () => {
    const scene = await open();
    const seen: string[] = [];
    const not = undefined as unknown;
    await scene.append('a');
    await scene.start((text) => void seen.push(text), {
      concurrency: not as number,
      batchSize: not as number,
      maxAttempts: not as number,
      backoff: { initialMs: not as number },
    });
    await eventually('it is handled', () => seen.length === 1);
  });
});

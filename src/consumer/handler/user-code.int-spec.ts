import { afterEach, describe, expect, it } from '@jest/globals';
import { type CallHandler, Injectable, UseInterceptors } from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import { startConsumers } from '../../../test/support/consumer.js';
import { type ConsumerScene, consumerScenes } from '../../../test/support/consumer-scene.js';
import { upTo } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import type { RecordedEvent } from '../../events/index.js';
import { TenantContext } from '../../tenancy/index.js';
import { EventHandler } from './event-handler.decorator.js';
import type { Handler, HandlerContext } from './handler.js';
import { HandlerResult } from './handler-result.js';

const never = new Promise<never>(() => undefined);
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('What a handler throws', () => {
  const open = consumerScenes();
  const lettersOf = async (scene: ConsumerScene): Promise<Record<string, string>[]> => {
    await eventually('all are settled', () => scene.isSettled());
    return scene.dead();
  };

  it('T200 is no end of the process, whatever it is, and leaves a text', async () => {
    const withMessage = (message: unknown): Error => Object.assign(new Error('x'), { message });
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const thrown: [unknown, RegExp][] = [
      [withMessage({ code: 'E42' }), /E42/],
      [Object.create(null), /./],
      [revoked.proxy, /./],
      [Object.defineProperty(new Error('x'), 'message', { get: () => { throw new Error('no'); } }), /./], // prettier-ignore
      [Symbol('odd'), /odd/],
      [undefined, /undefined/],
      [null, /null/],
      ['', /./],
      [new Error(''), /without a message/],
      [{ code: 'E7', message: 'from a library' }, /from a library.*E7/],
      [new AggregateError([new Error('first'), new TypeError('second')]), /first.*TypeError: second/],
      [new Error('outer', { cause: new Error('inner') }), /outer.*inner/],
      [withMessage('y'.repeat(1_000_000)), /^y+/],
    ];
    const scene = await open();
    await scene.append(...thrown.map((_, n) => String(n)));
    await scene.start(
      (text) => {
        throw thrown[Number(text)]?.[0] as Error;
      },
      { maxAttempts: 1 },
    );
    const letters = await lettersOf(scene);
    expect(letters).toHaveLength(thrown.length);
    for (const [n, [, pattern]] of thrown.entries()) {
      const entry = await scene.entryOf(String(n));
      const error = letters.find((letter) => letter['entry'] === entry)?.['error'] ?? '';
      expect(error).toMatch(pattern);
      expect(error.length).toBeLessThanOrEqual(1000);
    }
  });

  it('T201 a result that means nothing is a failure and no success', async () => {
    const wrapped: unknown[] = [
      { data: HandlerResult.success() },
      { outcome: 'success', statusCode: 200 },
      { outcome: 'approved' },
      { outcome: 'retry', delayMs: NaN },
      { outcome: 'retry', delayMs: -1 },
      { outcome: 'retry', delayMs: Infinity },
      { outcome: 'retry', delayMs: '5' },
      { outcome: 'retry', delayMs: 366 * 86_400_000 },
      {},
      true,
      'done',
      [],
      new Error('returned'),
      (function* () {})(),
      new (class Outcome {
        outcome = 'success';
      })(),
    ];
    const scene = await open();
    await scene.append(...wrapped.map((_, n) => String(n)), 'good');
    const attempts = new Map<string, number>();
    const { signals } = await scene.start(
      (text, { attempt }) => {
        attempts.set(text, attempt);
        return wrapped[Number(text)] as HandlerResult;
      },
      { maxAttempts: 2 },
    );
    const letters = await lettersOf(scene);
    expect(letters).toHaveLength(wrapped.length);
    for (const { error } of letters) expect(error).toMatch(/handle\(\)|retry/);
    expect([...attempts.values()].filter((n) => n === 2)).toHaveLength(wrapped.length);
    expect(signals.filter((s) => s.kind === 'settled' && s.outcome === 'succeeded')).toHaveLength(1);
  });

  it('T201 a retry of an ordered group later than an hour is a failure', async () => {
    const scene = await open();
    await scene.append('later');
    await scene.start(() => HandlerResult.retry({ delayMs: 3_600_001 }), { maxAttempts: 2, ordering: 'run' });
    expect((await lettersOf(scene))[0]?.['error']).toMatch(/hour|3600000/);
  });

  it('T201 an interceptor that wraps results, as for HTTP, makes a failure', async () => {
    @Injectable()
    class Wrap {
      intercept(_: unknown, next: CallHandler): Observable<unknown> {
        return next.handle().pipe(map((data: unknown) => ({ data })));
      }
    }
    const scene = await open();
    await scene.append('a');
    @EventHandler({ group: scene.group, types: ['log.stdout'], from: 'start', maxAttempts: 1 })
    @UseInterceptors(Wrap)
    class Wrapped implements Handler {
      handle(): HandlerResult {
        return HandlerResult.success();
      }
    }
    const consumers = await startConsumers([Wrapped, Wrap], { consumer: { tenants: [scene.tenant] } });
    try {
      expect((await lettersOf(scene))[0]?.['error']).toMatch(/interceptor/);
    } finally {
      await consumers.close();
    }
  });
});

describe('canHandle', () => {
  const open = consumerScenes();

  it('T275 is asked in the context of the tenant, as handle() is', async () => {
    const scene = await open();
    const tenants: unknown[] = [];
    @EventHandler({ group: scene.group, from: 'start', types: ['log.stdout'] })
    class Asking implements Handler {
      constructor(private readonly context: TenantContext) {}

      canHandle(): boolean {
        tenants.push(this.context.tenantId);
        return true;
      }
      handle(): void {
        tenants.push(this.context.tenantId);
      }
    }
    await scene.append('a');
    const consumers = await startConsumers([Asking], { consumer: { tenants: [scene.tenant] } });
    try {
      await eventually('it is settled', () => scene.isSettled());
      expect(tenants).toEqual([scene.tenant, scene.tenant]);
      expect(await scene.dead()).toEqual([]);
    } finally {
      await consumers.close();
    }
  });

  it('T202 that throws, or answers with neither true nor false, is a failure of its event alone', async () => {
    const answers: Record<string, () => unknown> = {
      throws: () => {
        throw Object.create(null);
      },
      promise: () => Promise.reject(new Error('not awaited')),
      text: () => 'no',
      yes: () => true,
      no: () => false,
    };
    const scene = await open();
    const seen: string[] = [];
    @EventHandler({
      group: scene.group,
      types: ['log.stdout'],
      from: 'start',
      maxAttempts: 2,
      backoff: { initialMs: 20 },
    })
    class Asking implements Handler {
      canHandle(event: RecordedEvent): boolean {
        return answers[String(event.data['line'])]?.() as boolean;
      }
      handle(event: RecordedEvent): void {
        seen.push(String(event.data['line']));
      }
    }
    await scene.append(...Object.keys(answers));
    const consumers = await startConsumers([Asking], { consumer: { tenants: [scene.tenant] } });
    try {
      await eventually('all are settled', () => scene.isSettled());
      const letters = await scene.dead();
      expect(seen).toEqual(['yes']);
      expect(letters).toHaveLength(3);
      for (const { error } of letters) expect(error).toMatch(/canHandle/);
    } finally {
      await consumers.close();
    }
  });
});

describe('A handler that does not end', () => {
  const open = consumerScenes();
  const releases: (() => void)[] = [];
  afterEach(() => releases.splice(0).forEach((release) => release()));

  it('T205 beside an event that may have killed its process stops no group', async () => {
    const [a, b] = [await open(), await open()];
    await a.append('never', 'again');
    await b.append('suspect', 'next');
    // As a process leaves it that died while it handled the first event of b.
    await b.commands.xgroup('CREATE', b.journal, b.group, '0');
    await b.commands.xreadgroup('GROUP', b.group, 'dead', 'COUNT', 2, 'STREAMS', b.journal, '>');
    await b.commands.hset(b.keys.state('journal').entries, await b.entryOf('suspect'), '1 0 r 0 0 x');
    const seen: string[] = [];
    const handle = (name: string) =>
      class {
        async handle(event: RecordedEvent): Promise<void> {
          const text = String(event.data['line']);
          seen.push(`${name} ${text}`);
          if (text === 'never') await Promise.race([never, new Promise<void>((done) => releases.push(done))]);
        }
      };
    const options = { types: ['log.stdout'], from: 'start', leaseMs: 1000 } as const;
    const [A, B] = [handle('a'), handle('b')];
    EventHandler({ ...options, group: a.group })(A);
    EventHandler({ ...options, group: b.group })(B);
    const consumers = await startConsumers([A, B], {
      shutdownTimeoutMs: 100,
      consumer: { tenants: [a.tenant, b.tenant] },
    });
    try {
      await eventually('it runs', () => seen.includes('a never'));
      await eventually('the suspect and what is behind it are handled', () => b.isSettled());
      await a.append('more');
      await eventually('the other group goes on', () => seen.includes('a more'));
    } finally {
      releases.splice(0).forEach((release) => release());
      await consumers.close();
    }
  });

  it('T205 forty suspects run side by side', async () => {
    const scene = await open();
    await scene.append(...upTo(40).map(String));
    await scene.commands.xgroup('CREATE', scene.journal, scene.group, '0');
    await scene.commands.xreadgroup('GROUP', scene.group, 'dead', 'STREAMS', scene.journal, '>');
    const { entries } = scene.keys.state('journal');
    for (const n of upTo(40)) {
      await scene.commands.hset(entries, await scene.entryOf(String(n)), '1 0 r 0 0 x');
    }
    await wait(1100);
    let now = 0;
    let most = 0;
    const times: number[] = [];
    await scene.start(async () => {
      times.push(performance.now());
      most = Math.max(most, ++now);
      await wait(250);
      now--;
    });
    await eventually('all are settled', () => scene.isSettled());
    expect(times).toHaveLength(40);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(8);
    // One after the other they would take 10 s.
    expect(times.at(-1)! - times[0]!).toBeLessThan(6000);
  });

  it('T206 keeps its place after its time limit: concurrency means what runs', async () => {
    const scene = await open();
    await scene.append(...upTo(8).map(String));
    let now = 0;
    let most = 0;
    await scene.start(
      async () => {
        most = Math.max(most, ++now);
        // It ignores its signal.
        await wait(500);
        now--;
      },
      { timeoutMs: 50, concurrency: 2, maxAttempts: 2 },
    );
    await eventually('all are given up', async () => (await scene.dead()).length === 8);
    expect(most).toBeLessThanOrEqual(2);
  });

  it('T206 is given up after a grace period, and its place is free', async () => {
    const scene = await open();
    await scene.append('never', 'next');
    const seen: string[] = [];
    const { signals } = await scene.start(
      (text) => {
        seen.push(text);
        return text === 'never' ? never : undefined;
      },
      { timeoutMs: 50, timeoutGraceMs: 200, concurrency: 1, maxAttempts: 1 },
    );
    await eventually('the next is handled', () => seen.includes('next'));
    expect(signals.filter(({ kind }) => kind === 'abandoned')).toHaveLength(1);
    expect((await scene.dead())[0]?.['error']).toMatch(/longer than 50 ms/);
  });

  it('T206 never runs twice at once in an ordered group', async () => {
    const scene = await open();
    await scene.append('slow', 'next');
    const log: string[] = [];
    await scene.start(
      async (text, { attempt }: HandlerContext) => {
        log.push(`${text} ${attempt}`);
        if (text === 'slow' && attempt === 1) await wait(400);
        log.push(`${text} ${attempt} over`);
      },
      { timeoutMs: 50, maxAttempts: 3, ordering: 'run' },
    );
    await eventually('all are settled', () => scene.isSettled());
    expect(log).toEqual(['slow 1', 'slow 1 over', 'slow 2', 'slow 2 over', 'next 1', 'next 1 over']);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { createTestExecutors, type TestExecutors, typeOf } from '../../test/support/executors.js';
import { eventually } from '../../test/support/eventually.js';
import { type RedisServer, startRedis } from '../../test/support/redis.js';
import { RunWatcher, type WatchSignal } from '../event-store/index.js';
import { BEGINNING, type RecordedEvent } from '../events/index.js';
import { type Executor, type RunExecution, RunExecutor } from '../executors/index.js';
import { OutageBuffer } from './outage-buffer.js';

const BUFFER_EVENTS = 50;
const BUFFER_BYTES = 100_000;

/** Does what the test gives it. */
@RunExecutor('job')
class JobExecutor implements Executor {
  job: (run: RunExecution) => unknown = () => undefined;

  async execute(run: RunExecution): Promise<unknown> {
    return this.job(run);
  }
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);
const emit = (run: RunExecution, n: number, size = 1) =>
  run.emit('llm.stream', { n, content: 'x'.repeat(size) });

describe('An executor while Redis is away', () => {
  let redis: RedisServer;
  let one: TestExecutors;
  let buffer: OutageBuffer;

  beforeAll(async () => {
    redis = await startRedis({ appendOnly: true });
    one = await createTestExecutors({
      providers: [JobExecutor],
      url: redis.url,
      commandTimeoutMs: 2000,
      outageBufferEvents: BUFFER_EVENTS,
      outageBufferBytes: BUFFER_BYTES,
    });
    buffer = one.app.get(OutageBuffer, { strict: false });
  });
  afterAll(async () => {
    await one.close();
    await redis.stop();
  });

  /** A run whose job has begun, and what a watcher of it on this instance is told. */
  async function begin(job: (run: RunExecution) => unknown) {
    let begun: () => void = () => undefined;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    one.app.get(JobExecutor).job = (run) => {
      begun();
      return job(run);
    };
    await eventually('Redis is there', () =>
      one.redis.ping().then(
        () => true,
        () => false,
      ),
    );
    const id = await one.createRun('job');
    const signals: WatchSignal[] = [];
    const watching = one.app
      .get(RunWatcher)
      .watch(one.tenant, id, { after: BEGINNING })
      .subscribe((signal) => signals.push(signal));
    await hasBegun;
    const jsonOf = (kind: 'events' | 'provisional'): RecordedEvent[] =>
      signals.flatMap((signal) =>
        signal.kind === kind
          ? signal.events.map(({ json }) => JSON.parse(json.toString()) as RecordedEvent)
          : [],
      );
    const stored = async () => (await one.events(id)).filter((event) => typeOf(event) === 'llm.stream');
    return {
      id,
      jsonOf,
      stored,
      /** Resolves once the run has ended and its watcher knows. */
      done: async () => {
        await eventually('the watcher is told of the end', () => signals.at(-1)?.kind === 'close');
        watching.unsubscribe();
        await one.idle();
      },
    };
  }
  const numbersOf = (events: readonly RecordedEvent[]): number[] =>
    events.filter((event) => typeOf(event) === 'llm.stream').map(({ data }) => data['n'] as number);

  it('goes on, shows its events as provisional, and they are in the log afterwards, in order', async () => {
    let goOn: () => void = () => undefined;
    const isAway = new Promise<void>((resolve) => (goOn = resolve));
    let saidAt = 0;
    const ids: (string | undefined)[] = [];
    const run = await begin(async (execution) => {
      for (const n of numbers(1, 5)) ids.push(await emit(execution, n));
      await isAway;
      for (const n of numbers(6, 15)) ids.push(await emit(execution, n));
      saidAt = Date.now();
    });
    await eventually(
      'the watcher has seen the beginning',
      () => numbersOf(run.jsonOf('events')).length === 5,
    );
    await redis.kill();
    goOn();
    await eventually('the executor went on', () => ids.length === 15);
    expect(ids.slice(0, 5)).not.toContain(undefined);
    expect(ids.slice(5)).toEqual(Array(10).fill(undefined));
    expect(buffer.events).toBe(10);
    const provisional = run.jsonOf('provisional');
    expect(numbersOf(provisional)).toEqual(numbers(6, 15));
    for (const event of provisional) {
      expect(event).toMatchObject({
        durable: false,
        run_id: run.id,
        idempotency_key: expect.stringMatching(/./),
      });
      expect(Object.keys(event)).not.toEqual(expect.arrayContaining(['id']));
      expect(Object.keys(event)).not.toEqual(expect.arrayContaining(['sequence']));
    }

    await redis.restart();
    await run.done();
    const stored = await run.stored();
    expect(numbersOf(stored)).toEqual(numbers(1, 15));
    expect(numbersOf(run.jsonOf('events'))).toEqual(numbers(1, 15));
    // The stored event says when it was said, and is known by its key.
    for (const [i, { idempotency_key, timestamp }] of provisional.entries()) {
      expect(stored[i + 5]).toMatchObject({ idempotency_key, timestamp });
      expect(Date.parse(timestamp)).toBeLessThanOrEqual(saidAt);
    }
    expect(buffer).toMatchObject({ events: 0, bytes: 0 });
  });

  it.each([
    ['events', BUFFER_EVENTS, 1],
    ['bytes', 9, 10_600],
  ])('waits when the buffer is full of %s, and drops nothing', async (_what, room, size) => {
    let said = 0;
    let goOn: () => void = () => undefined;
    const isAway = new Promise<void>((resolve) => (goOn = resolve));
    const run = await begin(async (execution) => {
      await isAway;
      for (const n of numbers(1, 2 * BUFFER_EVENTS)) {
        await emit(execution, n, size);
        said = n;
      }
    });
    await redis.kill();
    goOn();
    await eventually('the buffer is full', () => said === room);
    // Longer than it takes to try again: it does not go on although it could.
    await delay(500);
    expect(said).toBe(room);
    expect(buffer.events).toBe(room);
    expect(buffer.bytes).toBeLessThanOrEqual(BUFFER_BYTES);
    await redis.restart();
    await run.done();
    expect(numbersOf(await run.stored())).toEqual(numbers(1, 2 * BUFFER_EVENTS));
  });

  it('T68 discards what it held when the run was cancelled elsewhere meanwhile', async () => {
    let goOn: () => void = () => undefined;
    const isAway = new Promise<void>((resolve) => (goOn = resolve));
    let aborted: unknown;
    const run = await begin(async (execution) => {
      await isAway;
      for (const n of numbers(1, 10)) await emit(execution, n);
      await new Promise<void>((resolve) => {
        execution.signal.addEventListener('abort', () => {
          resolve();
        });
      });
      aborted = execution.signal.reason;
    });
    const before = buffer.discarded;
    // Only this instance is cut off: its connections are refused, another one cancels.
    const other = await createTestExecutors({ url: redis.url, tenant: one.tenant, tenants: [] });
    const isCut = cutOff(one);
    goOn();
    await eventually('the events are held', () => buffer.events === 10);
    await other.cancel(run.id);
    isCut.end();
    await run.done();
    expect(aborted).toMatchObject({ reason: 'cancelled' });
    expect(buffer.discarded - before).toBe(10);
    expect(buffer).toMatchObject({ events: 0, bytes: 0 });
    expect(await run.stored()).toEqual([]);
    await other.close();
  });

  it('T52 stores no event twice whose answer was lost', async () => {
    let goOn: () => void = () => undefined;
    const isFrozen = new Promise<void>((resolve) => (goOn = resolve));
    const run = await begin(async (execution) => {
      await isFrozen;
      for (const n of numbers(1, 40)) await emit(execution, n);
    });
    // What is sent to a frozen server it executes when it wakes up; by then it was given up and sent again.
    redis.pause();
    goOn();
    await delay(1000);
    redis.resume();
    await run.done();
    expect(numbersOf(await run.stored())).toEqual(numbers(1, 40));
    expect(numbersOf(run.jsonOf('events'))).toEqual(numbers(1, 40));
  });
});

/** Keeps an instance's command connection down until `end()`. */
function cutOff({ redis: { commands } }: TestExecutors): { end(): void } {
  commands.disconnect();
  return { end: () => void commands.connect() };
}

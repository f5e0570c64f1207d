import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { once } from 'node:events';
import { uniqueTenant } from '../../test/support/event-store.js';
import { testRedisUrl } from '../../test/support/redis.js';
import { EventHandler, type Handler, type HandlerContext, HandlerResult } from '../consumer/index.js';
import { EventStoreModule, TENANTS_KEY } from '../event-store/index.js';
import {
  defineEvents,
  event,
  type EventsOf,
  type EventToAppend,
  type RecordedEvent,
} from '../events/index.js';
import { RedisConnections } from '../redis/index.js';
import { type ConsumerTestbed, type ConsumerTestbedOptions, createConsumerTestbed } from './index.js';

const Shop = defineEvents({ 'shop.ordered': event<{ n: unknown }>() });
declare module '../index.js' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- that is how an application declares them
  interface RunstreamEvents extends EventsOf<typeof Shop> {}
}

const ordered = (n: unknown): EventToAppend => ({ type: 'shop.ordered', data: { n } });
/** Groups are named by class, and so shared by all testbeds of a Redis: one name for this file. */
const group = uniqueTenant();

@Injectable()
class Stock {
  readonly taken: unknown[] = [];
}

@EventHandler({ group, types: ['shop.ordered'] })
class TakeFromStock implements Handler {
  constructor(private readonly stock: Stock) {}

  async handle(event: RecordedEvent, context: HandlerContext): Promise<HandlerResult | void> {
    const n = event.data['n'];
    if (n === 'flaky' && context.attempt < 3) throw new Error('not yet');
    if (n === 'tomorrow') return HandlerResult.retry({ delayMs: 86_400_000 });
    if (n === 'poison') return HandlerResult.fail('never');
    if (n === 'chain') context.publish(event.run_id, ordered(1));
    // Ends in good order when it is told to: after a crash that must not count.
    if (n === 'slow' && context.attempt === 1) await once(context.signal, 'abort');
    this.stock.taken.push(n);
  }
}

@Module({
  imports: [EventStoreModule.forFeature(Shop)],
  providers: [Stock, TakeFromStock],
})
class StockModule {}

describe('The testing kit', () => {
  const open: ConsumerTestbed[] = [];
  const start = async (options: ConsumerTestbedOptions = {}): Promise<ConsumerTestbed> => {
    const testbed = await createConsumerTestbed({
      imports: [StockModule],
      redisUrl: testRedisUrl(),
      ...options,
    });
    open.push(testbed);
    return testbed;
  };
  afterEach(() => Promise.all(open.splice(0).map((one) => one.close())));

  it('shows what handlers were given and what came of it', async () => {
    const testbed = await start();
    const run = await testbed.createRun();
    const ids = await testbed.publish(run, ordered(1), ordered(2));
    await testbed.settled();
    expect(testbed.get(Stock).taken).toEqual([1, 2]);
    expect(testbed.results()).toMatchObject(
      ids.map((id) => ({ group, event: { id, run_id: run }, attempt: 1, outcome: 'succeeded', error: '' })),
    );
  });

  it('is settled only when what waits for another try is done too', async () => {
    const testbed = await start();
    await testbed.publish(await testbed.createRun(), ordered('flaky'));
    await testbed.settled();
    expect(testbed.results(group).map(({ attempt, outcome, error }) => [attempt, outcome, error])).toEqual([
      [1, 'retried', 'not yet'],
      [2, 'retried', 'not yet'],
      [3, 'succeeded', ''],
    ]);
  });

  it('T253 is not settled while something waits for tomorrow', async () => {
    const testbed = await start();
    await testbed.publish(await testbed.createRun(), ordered('tomorrow'));
    await expect(testbed.settled({ timeoutMs: 1500 })).rejects.toThrow(`${group} (1 without an outcome`);
    expect(testbed.results(group)).toMatchObject([{ attempt: 1, outcome: 'retried' }]);
  });

  it('is settled only when what handlers published is handled too, and shows it', async () => {
    const testbed = await start();
    const run = await testbed.createRun({ task: 'a chain' });
    await testbed.publish(run, ordered('chain'));
    await testbed.settled();
    expect(testbed.get(Stock).taken).toEqual(['chain', 1]);
    expect((await testbed.events(run)).map(({ data }) => data['n'])).toEqual([undefined, 'chain', 1]);
    expect(await testbed.runs()).toMatchObject([{ id: run, task: 'a chain' }]);
  });

  it('shows dead letters, and sends them back', async () => {
    const testbed = await start();
    await testbed.publish(await testbed.createRun(), ordered('poison'));
    await testbed.settled();
    const [letter, ...others] = await testbed.deadLetters(group);
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ group, error: 'never', attempts: 1, event: { data: { n: 'poison' } } });
    await testbed.redrive(letter!.id);
    await testbed.settled();
    expect(testbed.results().map(({ outcome }) => outcome)).toEqual(['dead', 'dead']);
  });

  it('restarts as after a crash: what ran is found and handled again', async () => {
    const testbed = await start();
    await testbed.publish(await testbed.createRun(), ordered('slow'));
    await expect(testbed.settled({ timeoutMs: 300 })).rejects.toThrow(`${group} (1 without an outcome)`);
    const before = testbed.get(Stock);
    await testbed.restart();
    expect(testbed.get(Stock)).not.toBe(before);
    await testbed.settled();
    expect(testbed.results().map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'crashed'],
      [2, 'succeeded'],
    ]);
  });

  it('keeps testbeds on one Redis apart', async () => {
    const [one, other] = await Promise.all([start(), start()]);
    await one.publish(await one.createRun(), ordered(1));
    await Promise.all([one.settled(), other.settled()]);
    expect(one.results()).toHaveLength(1);
    expect(other.results()).toHaveLength(0);
    expect(await other.runs()).toEqual([]);
  });

  it('brings a Redis of its own where none is named', async () => {
    const testbed = await createConsumerTestbed({ imports: [StockModule] });
    await testbed.publish(await testbed.createRun(), ordered(1));
    await testbed.settled();
    expect(testbed.get(Stock).taken).toEqual([1]);
    await testbed.close();
  });

  it('removes its tenant from a Redis that it shares', async () => {
    const testbed = await createConsumerTestbed({ imports: [StockModule], redisUrl: testRedisUrl() });
    await testbed.publish(await testbed.createRun(), ordered(1), ordered('poison'));
    await testbed.settled();
    await testbed.close();
    const later = await start();
    const keys = await later.get(RedisConnections).commands.keys(`*${testbed.tenantId}*`);
    expect(keys).toEqual([]);
    expect(await later.get(RedisConnections).commands.sismember(TENANTS_KEY, testbed.tenantId)).toBe(0);
  });
});

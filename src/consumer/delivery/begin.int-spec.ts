import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestStore, line, type TestStore, uniqueTenant } from '../../../test/support/event-store.js';
import type { JournalEntry, RawEntry } from '../../event-store/index.js';
import { Delivery } from './delivery.js';
import { toGroupEntry } from '../group/group-entries.js';
import { GroupSource } from '../group/group-source.js';
import type { Outcome } from './lease.js';
import { partitionOf } from '../../stream-consumer/index.js';

const LEASE_MS = 60_000;

describe('Begin and settle', () => {
  let test: TestStore;
  let group: string;
  beforeAll(async () => {
    test = await createTestStore();
  });
  afterAll(() => test.close());
  beforeEach(() => {
    group = uniqueTenant();
  });

  const sourceOf = (consumer: string): GroupSource =>
    new GroupSource(partitionOf(test.tenant), 'journal', test.redis.commands, test.store, {
      group,
      consumer,
      leaseMs: LEASE_MS,
      maxAttempts: 5,
      ownership: undefined,
      handler: '{}',
      signals: test.signals,
    });

  /** Entries that `consumer` has read, and nobody has begun. */
  const readAs = async (consumer: string, count: number): Promise<JournalEntry[]> => {
    const { commands } = test.redis;
    const { stream } = sourceOf(consumer);
    await sourceOf(consumer).ensureGroup('0');
    const run = await test.createRun('command');
    await test.store.append(
      test.tenant,
      run,
      Array.from({ length: count }, (_, n) => line(`${n}`)),
    );
    const reply = await commands.xreadgroup('GROUP', group, consumer, 'STREAMS', stream, '>');
    const [[, rows] = []] = reply as [string, RawEntry[]][];
    return (rows ?? []).map(toGroupEntry).filter(({ runId }) => runId === run);
  };

  it('T41 what waited for long before it was begun is not taken over right after', async () => {
    const entries = await readAs('one', 2);
    const one = sourceOf('one');
    const ids = entries.map(({ id }) => id);
    const commands = test.redis.commands as Redis;
    await commands.xclaim(one.stream, group, 'one', 0, ...ids, 'IDLE', LEASE_MS * 2, 'JUSTID');
    await one.begin(entries.map((entry) => new Delivery(one, entry)));
    expect((await sourceOf('other').claimStale(100, '-')).entries).toEqual([]);
  });

  it('settles each outcome of a mixed batch as its own, also when it is asked again', async () => {
    const entries = await readAs('one', 5);
    const one = sourceOf('one');
    const beginnings = await one.begin(entries.map((entry) => new Delivery(one, entry)));
    if (beginnings === 'paused') throw new Error('It is paused.');
    expect(beginnings.map((beginning) => beginning.kind === 'run' && beginning.attempt)).toEqual([
      1, 1, 1, 1, 1,
    ]);
    const [first] = beginnings;
    if (first?.kind !== 'run') throw new Error('It was not begun.');
    const outcome = (i: number, more: Partial<Outcome> = {}): Outcome => ({
      entry: entries[i]!,
      token: first.token,
      epoch: first.epoch,
      fence: first.fence,
      kind: 'ok',
      delayMs: 0,
      error: '',
      effects: [],
      ...more,
    });
    const batch = [
      outcome(0),
      outcome(1, { kind: 'retry', delayMs: 60_000, error: 'later' }),
      outcome(2, { token: first.token - 1 }),
      outcome(3, { kind: 'fail', error: 'never' }),
      outcome(4),
    ];
    const settlements = await one.settle(batch, 'a batch');
    expect(settlements).toEqual(['ok', 'retry', 'lost', 'dead', 'ok']);
    expect(await one.settle(batch, 'a batch')).toEqual(settlements);
    const pending = (await test.redis.commands.xpending(
      one.stream,
      group,
      entries[0]!.id,
      entries[4]!.id,
      10,
    )) as [string][];
    expect(pending.map(([id]) => id)).toEqual([entries[1]!.id, entries[2]!.id]);
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { createTestStore, type TestStore } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { startRedis } from '../../../test/support/redis.js';
import { PARTITION_READERS_KEY, PARTITIONS_KEY } from '../log/keys.js';
import { higherOf, readPartitionNumbers, writtenSince } from './partition-numbers.js';
import { PartitionRaise, PartitionRaiseError } from './partition-raise.js';

describe('The number of partitions', () => {
  const stores: TestStore[] = [];
  const open = async (...args: Parameters<typeof createTestStore>): Promise<TestStore> => {
    const store = await createTestStore(...args);
    stores.push(store);
    return store;
  };
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  });

  it('T285 is one, until it is raised for a tenant: then every process reads that many, and then writes to them', async () => {
    const [a, b] = [await open(), await open()];
    const { partitions } = a.store;
    expect([partitions.countOf(a.tenant), partitions.writtenOf(a.tenant)]).toEqual([1, 1]);
    const raise = new PartitionRaise(a.redis);
    expect(await raise.raise(4, a.tenant)).toBeGreaterThanOrEqual(2);
    // To the last step nobody waits.
    for (const { store } of [a, b]) {
      expect(store.partitions.countOf(a.tenant)).toBe(4);
      await eventually('it is written to four', () => store.partitions.writtenOf(a.tenant) === 4);
      expect(store.partitions.countOf(b.tenant)).toBe(1);
    }
    expect(partitions.namesOf(a.tenant)).toEqual([0, 1, 2, 3].map((p) => `${a.tenant}.${p}`));
    expect(partitions.writtenWithin(a.tenant, 60_000)).toEqual([1, 4]);
    expect(partitions.writtenWithin(a.tenant, 0)).toEqual([4]);
    await expect(raise.raise(2, a.tenant)).rejects.toThrow(PartitionRaiseError);
    await expect(raise.raise(17, a.tenant)).rejects.toThrow(PartitionRaiseError);
    await a.redis.commands.hdel(PARTITIONS_KEY, `t:${a.tenant}`);
  });

  it('T286 is not written to while a process that lives does not read it', async () => {
    const redis = await startRedis();
    try {
      const { store, tenant, redis: connections } = await open({ url: redis.url });
      const [seconds] = await connections.commands.time();
      // One that hangs: it said so a moment ago, and says nothing more.
      await connections.commands.zadd(PARTITION_READERS_KEY, Number(seconds) * 1000, 'hangs 0');
      const raise = new PartitionRaise(connections);
      await expect(raise.raise(2, tenant, 3000)).rejects.toThrow('1 of 2 processes');
      expect((await raise.numbers(tenant)).write).toBe(1);
      await eventually('it is read', () => store.partitions.countOf(tenant) === 2);
      expect(store.partitions.writtenOf(tenant)).toBe(1);
      // It is gone: the same call goes on where the first one ended.
      await connections.commands.zrem(PARTITION_READERS_KEY, 'hangs 0');
      expect(await raise.raise(2, tenant)).toBe(1);
      await eventually('it is written to', () => store.partitions.writtenOf(tenant) === 2);
    } finally {
      await Promise.all(stores.splice(0).map((store) => store.close()));
      await redis.stop();
    }
  });

  it('leaves no process behind that has ended', async () => {
    const store = await open();
    const said = (): Promise<number> => store.redis.commands.zcard(PARTITION_READERS_KEY);
    const other = await createTestStore();
    const before = await said();
    await other.close();
    expect(await said()).toBeLessThan(before);
  });
});

describe('What is known of it', () => {
  it('is what is written, and one where that can not be read', () => {
    expect(readPartitionNumbers('4 2 0:1,1000:2')).toEqual({
      read: 4,
      write: 2,
      history: [
        { sinceMs: 0, write: 1 },
        { sinceMs: 1000, write: 2 },
      ],
    });
    for (const text of ['', '4', '4 x 0:1', '4 4 ']) expect(readPartitionNumbers(text).write).toBe(1);
  });

  it('tells over how many runs were spread since a time, the number of that time among them', () => {
    const numbers = readPartitionNumbers('8 8 0:1,1000:2,5000:8');
    expect(writtenSince(numbers, 500)).toEqual([1, 2, 8]);
    expect(writtenSince(numbers, 1000)).toEqual([2, 8]);
    expect(writtenSince(numbers, 4999)).toEqual([2, 8]);
    expect(writtenSince(numbers, 9000)).toEqual([8]);
  });

  it('is the higher one of what holds for all and for a tenant, at any time', () => {
    const both = higherOf(readPartitionNumbers('4 4 0:1,2000:4'), readPartitionNumbers('2 2 0:1,1000:2'));
    expect(both).toEqual(readPartitionNumbers('4 4 0:1,1000:2,2000:4'));
  });
});

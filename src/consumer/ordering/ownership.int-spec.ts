import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestStore, type TestStore, uniqueTenant } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { GroupSource } from '../group/group-source.js';
import { Ownership } from './ownership.js';
import { Patience } from '../group/patience.js';
import { TenantDirectory } from '../group/tenant-directory.js';
import { partitionOf } from '../../stream-consumer/index.js';

const HOUR_MS = 3_600_000;

describe('The owner of an ordered group', () => {
  let test: TestStore;
  let key: string;
  beforeEach(async () => {
    test = await createTestStore();
    key = test.store.keys.group(test.tenant, 0, uniqueTenant()).owner;
  });
  afterEach(() => test.close());

  const ownership = (consumer: string) =>
    new Ownership(test.redis.commands, key, consumer, 600_000, new Patience(test.redis, 1));

  it('T234 gives the group up although it is just renewing it', async () => {
    const [a, b] = [ownership('a'), ownership('b')];
    expect(await a.renew()).toBe(true);
    const renewing = a.renew();
    await a.giveUp();
    await renewing;
    expect(a.isOurs).toBe(false);
    expect(await b.renew()).toBe(true);
    expect(b.isOurs).toBe(true);
  });

  it('T234 also when it is about to become the owner', async () => {
    const [a, b] = [ownership('a'), ownership('b')];
    const becoming = a.renew();
    await a.giveUp();
    await becoming;
    // A late heartbeat does not take it back.
    expect(await a.renew()).toBe(false);
    expect(await b.renew()).toBe(true);
  });
});

describe("A group that begins 'now'", () => {
  let test: TestStore;
  let group: string;
  beforeEach(async () => {
    test = await createTestStore();
    group = uniqueTenant();
  });
  afterEach(() => test.close());

  const begins = async (from: string, isOlder = false): Promise<number> => {
    const { commands } = test.redis;
    const source = new GroupSource(partitionOf(test.tenant), 'journal', commands, test.store, {
      group,
      consumer: 'one',
      leaseMs: 60_000,
      maxAttempts: 3,
      ownership: undefined,
      handler: '',
      signals: test.signals,
    });
    await source.ensureGroup(from, isOlder);
    const rows = await commands.xreadgroup('GROUP', group, 'one', 'STREAMS', source.stream, '>');
    return rows === null ? 0 : (rows[0] as [string, unknown[]])[1].length;
  };

  it('T235 begins at the moment of its registration, however much later it is made', async () => {
    await test.createRun();
    const createdBy = Date.now();
    // Ids and the moment are in ms: what comes in the next one comes after it.
    await eventually('that ms is over', () => Date.now() > createdBy + 1);
    const { at } = await new TenantDirectory(test.redis, {}).register(group);
    await eventually('that ms is over', () => Date.now() > at + 1);
    await test.createRun();
    expect(await begins(`${at}-0`, true)).toBe(1);
  });

  it.each([
    ['the moment lies an hour ahead', HOUR_MS, 0],
    ['the journal lies an hour ahead', 0, HOUR_MS],
  ])(
    'T235 begins with what is appended after the call that makes it when %s',
    async (_, momentMs, journalMs) => {
      await test.createRun();
      const { journal, journalLast } = test.store.keys.partition(test.tenant, 0);
      if (journalMs > 0) {
        const ahead = `${Date.now() + journalMs}-0`;
        await test.redis.commands.xadd(journal, ahead, 'of', 'a wrong clock');
        await test.redis.commands.set(journalLast, ahead);
      }
      expect(await begins(`${Date.now() - 1000 + momentMs}-0`, true)).toBe(0);
      await test.createRun();
      const rows = await test.redis.commands.xreadgroup('GROUP', group, 'one', 'STREAMS', journal, '>');
      expect((rows?.[0] as [string, unknown[]])[1]).toHaveLength(1);
    },
  );

  it('T235 in a tenant that comes later it skips nothing, though the clock was an hour ahead before', async () => {
    await test.createRun();
    expect(await begins(`${Date.now() + HOUR_MS}-0`)).toBe(1);
  });

  it('T235 the first to register a group is told so, once', async () => {
    const directory = new TenantDirectory(test.redis, {});
    const first = await directory.register(group);
    expect(first.isFirst).toBe(true);
    expect(await directory.register(group)).toEqual({ at: first.at, isFirst: false });
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestStore, type TestStore, uniqueTenant, upTo } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { Announcements } from '../members/announcements.js';
import { partitionOf } from '../buckets.js';
import { restOf } from './rest.js';
import type { StreamConsumer } from '../stream-consumer.js';
import { FinderPauses, WorkFinder } from './work-finder.js';
import { TouchedBuckets } from '../signals/touched-buckets.js';
import { WorkListener } from '../signals/work-listener.js';
import { WorkSignals } from '../signals/work-signals.js';

describe('T252 where there is nothing to do', () => {
  let store: TestStore;
  let stream: string;
  beforeAll(async () => {
    store = await createTestStore();
  });
  afterAll(() => store.close());
  beforeEach(() => {
    stream = `rest:{${uniqueTenant()}}`;
  });

  const rest = () => restOf(store.redis, stream, 'group');
  const add = (id: string) => store.redis.commands.xadd(stream, id, 'a', '1');
  const read = (consumer = 'one') =>
    store.redis.commands.xreadgroup('GROUP', 'group', consumer, 'STREAMS', stream, '>');
  const group = (from: string, ...more: 'MKSTREAM'[]) =>
    store.redis.commands.xgroup('CREATE', stream, 'group', from, ...(more as ['MKSTREAM']));

  it('a stream or a group that is not there is told apart', async () => {
    expect(await rest()).toBe('no stream');
    await add('5-1');
    expect(await rest()).toBe('no group');
    await group('$');
    expect(await rest()).toBe('at rest');
  });

  it('what was not delivered, or has no outcome, is something to do', async () => {
    await group('0', 'MKSTREAM');
    expect(await rest()).toBe('at rest');
    await add('5-9');
    await add('5-10');
    expect(await rest()).toBe('busy');
    await read();
    expect(await rest()).toBe('busy');
    await store.redis.commands.xack(stream, 'group', '5-9', '5-10');
    expect(await rest()).toBe('at rest');
    await add('6-0');
    expect(await rest()).toBe('busy');
  });

  it('a group that begins behind the end of its stream is at rest until that is reached', async () => {
    await add('5-1');
    await group('9-9007199254740991');
    expect(await rest()).toBe('at rest');
    await add('10-0');
    expect(await rest()).toBe('busy');
  });

  it('what was deleted or trimmed before it was delivered is looked after', async () => {
    await group('0', 'MKSTREAM');
    await add('5-1');
    await store.redis.commands.xtrim(stream, 'MAXLEN', 0);
    expect(await rest()).toBe('busy');
  });

  it('what becomes an entry when it is due is looked after until then', async () => {
    await group('0', 'MKSTREAM');
    const due = `${stream}:due`;
    const beside = { waiting: [due] };
    expect(await restOf(store.redis, stream, 'group', beside)).toBe('at rest');
    await store.redis.commands.zadd(due, Date.now() + 86_400_000, 'one');
    expect(await restOf(store.redis, stream, 'group', beside)).toBe('busy');
  });

  it('a stream whose entries go when they are done is looked after while it has any', async () => {
    await group('0', 'MKSTREAM');
    const redrive = `${stream}:redrive`;
    const beside = { emptied: [redrive] };
    expect(await restOf(store.redis, stream, 'group', beside)).toBe('at rest');
    await store.redis.commands.xadd(redrive, '1-1', 'a', '1');
    expect(await restOf(store.redis, stream, 'group', beside)).toBe('busy');
    await store.redis.commands.xdel(redrive, '1-1');
    expect(await restOf(store.redis, stream, 'group', beside)).toBe('at rest');
  });

  it('many are answered at once, each for itself', async () => {
    await group('0', 'MKSTREAM');
    await add('5-1');
    await store.redis.commands.set(`${stream}:none`, 'no stream at all');
    const asked = [stream, `${stream}:none`, `${stream}:absent`, stream];
    const answers = await Promise.allSettled(asked.map((one) => restOf(store.redis, one, 'group')));
    expect(answers.map((one) => (one.status === 'fulfilled' ? one.value : 'refused'))).toEqual([
      ...['busy', 'refused', 'no stream', 'busy'],
    ]);
  });

  it('names that may be of processes that are gone are looked after when there are many', async () => {
    await group('0', 'MKSTREAM');
    for (const n of upTo(16)) await store.redis.commands.xgroup('CREATECONSUMER', stream, 'group', `c${n}`);
    expect(await rest()).toBe('at rest');
    await store.redis.commands.xgroup('CREATECONSUMER', stream, 'group', 'one-more');
    expect(await rest()).toBe('busy');
  });

  it('a new consumer goes through all tenants, and visits those in which there is something', async () => {
    const tenants = upTo(600).map((n) => `${stream}-${n}`);
    const busy = new Set([tenants[3], tenants[250], tenants[599]].map((tenant) => partitionOf(tenant ?? '')));
    const tenantsKey = `${stream}:tenants`;
    await store.redis.commands.sadd(tenantsKey, ...tenants);
    const asked = new Set<string>();
    const visited = new Set<string>();
    const consumer: StreamConsumer = {
      ...{ name: `rest-${stream}`, topic: 'rest', leaseMs: 60_000, concurrency: 10, batchSize: 10, room: 10 },
      serves: () => true,
      inHand: () => 0,
      owns: () => false,
      isAtRest: (partition) => {
        asked.add(partition);
        return partition === partitionOf(tenants[250] ?? '')
          ? Promise.reject(new Error('not to be known'))
          : Promise.resolve(!busy.has(partition));
      },
      visit: (partition) => {
        visited.add(partition);
        return Promise.resolve({ taken: 0, isIdle: true });
      },
    };
    const { redis } = store;
    const deps = {
      redis,
      signals: new WorkSignals(redis),
      listener: new WorkListener(redis),
      announcements: new Announcements(redis),
      touchedBuckets: new TouchedBuckets(redis),
      pauses: new FinderPauses(),
    };
    const options = { member: 'one.60000', tenantsKey, named: undefined, onError: () => undefined };
    const finder = new WorkFinder(consumer, options, deps);
    finder.start();
    try {
      await eventually('all were asked about', () => asked.size === 600);
      await eventually('those with something were visited', () => visited.size === 3);
      expect(visited).toEqual(busy);
    } finally {
      await finder.stop();
    }
  });
});

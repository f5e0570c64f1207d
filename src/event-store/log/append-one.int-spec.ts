import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { completed, createTestStore, line, type TestStore } from '../../../test/support/event-store.js';
import { testRedisUrl } from '../../../test/support/redis.js';
import {
  FenceLostError,
  RunEndedError,
  RunNotFoundError,
  SequenceConflictError,
} from '../../common/index.js';
import type { EventInput } from '../../events/index.js';
import type { AppendOptions } from './event-store.js';
import { SCRIPTS } from '../scripts.js';

const token = (content: string): EventInput => ({
  event: { category: 'llm', action: 'stream' },
  data: { content },
});
/** An append with a request's key is none that the short way takes. */
const theLongWay: AppendOptions = { request: { key: 'a request', fingerprint: 'of it' } };

describe('The short way of an append', () => {
  let a: TestStore;
  let listener: Redis;
  beforeAll(async () => {
    a = await createTestStore();
    listener = new Redis(testRedisUrl());
  });
  afterAll(async () => {
    listener.disconnect();
    await a.close();
  });

  /** A run that has had a token, so that the next one can go the short way. */
  async function runWithToken(executor?: string): Promise<string> {
    const run = await a.createRun(executor);
    await a.store.append(a.tenant, run, [token('first')]);
    return run;
  }

  /** All that an append leaves and tells, without what differs by itself. */
  async function tracesOf(run: string, options: AppendOptions): Promise<unknown> {
    const keys = a.store.keys.run(a.tenant, run);
    await listener.ssubscribe(keys.live);
    const message = new Promise<string>((resolve) => {
      listener.once('smessage', (_, text: string) => {
        resolve(text);
      });
    });
    const result = await a.store.append(a.tenant, run, [token('a "token"\n')], options);
    const record = await a.redis.commands.hgetall(keys.run);
    const [last] = await a.redis.commands.xrevrange(keys.events, '+', '-', 'COUNT', 1);
    const { id, created_at, started_at, last_ms, journal_first, journal_last, ...rest } = record;
    expect(result.ids).toEqual([last![0]]);
    expect(last![0]).toBe(`${last_ms}-${rest['sequence']}`);
    expect([id, created_at, started_at, journal_first, journal_last]).not.toContain(undefined);
    const text = (await message).replaceAll(last![0], '<id>');
    await listener.sunsubscribe(keys.live);
    return { rest, fields: last![1], text, result: { ...result, ids: [] } };
  }

  it('leaves and tells the very same as the long one', async () => {
    const [short, long] = [await runWithToken(), await runWithToken()];
    expect(await tracesOf(short, {})).toEqual(await tracesOf(long, theLongWay));
  });

  it('is one short script for what it takes, and the long one for all else', async () => {
    const ran = jest.spyOn(SCRIPTS.append, 'run');
    const run = await a.createRun();
    const longWays: number[] = [];
    const append = async (events: EventInput[], options?: AppendOptions) => {
      await a.store.append(a.tenant, run, events, options);
      longWays.push(ran.mock.calls.length);
    };
    await append([token('first of its type')]);
    await append([token('short')]);
    await append([token('short'.repeat(1000))]);
    expect(longWays).toEqual([1, 1, 1]);
    await append([token('large'.repeat(10_000))]);
    await append([token('one'), token('two')]);
    await append([{ ...token('with a key'), idempotency_key: 'k' }]);
    await append([{ ...token('with a time'), timestamp: '2026-01-01T00:00:00Z' }]);
    await append([line('journaled')]);
    await append([token('expected')], { expectedSequence: 10 });
    await append([token('of a request')], { request: { key: 'a key', fingerprint: 'x' } });
    expect(longWays).toEqual([1, 1, 1, 2, 3, 4, 5, 6, 7, 8]);
    const { sequence, events } = await a.runs.get(a.tenant, run);
    expect([sequence, events['llm.stream']]).toEqual([12, 10]);
    ran.mockRestore();
  });

  it('never goes back in time', async () => {
    const run = await runWithToken();
    const ahead = Date.now() + 3_600_000;
    await a.redis.commands.hset(a.store.keys.run(a.tenant, run).run, 'last_ms', ahead);
    const { ids } = await a.store.append(a.tenant, run, [token('x')]);
    expect(ids).toEqual([`${ahead}-3`]);
  });

  it('refuses what the long one refuses', async () => {
    const append = (run: string, options: AppendOptions = {}) =>
      a.store.append(a.tenant, run, [token('x')], options);
    const [ended, deleted, living] = [await runWithToken(), await runWithToken(), await runWithToken()];
    await a.store.append(a.tenant, ended, [completed()]);
    await expect(append(ended)).rejects.toThrow(RunEndedError);
    await a.redis.commands.hset(a.store.keys.run(a.tenant, deleted).run, 'deleting', 1);
    await expect(append(deleted)).rejects.toThrow(RunNotFoundError);
    await expect(append(living, { expectedSequence: 7 })).rejects.toThrow(SequenceConflictError);

    const executed = await a.createRun('later');
    const fence = await a.takeUp(executed, 'later');
    await append(executed, { fence });
    expect(await append(executed, { fence })).toMatchObject({ count: 1 });
    await expect(append(executed, { fence: fence - 1 })).rejects.toThrow(FenceLostError);
    expect((await a.runs.get(a.tenant, living)).sequence).toBe(2);
  });

  it.each(['run', 'events'] as const)('writes nothing when the %s is of a wrong type', async (name) => {
    const run = await runWithToken();
    const keys = a.store.keys.run(a.tenant, run);
    const before = await a.redis.commands.hgetall(keys.run);
    await a.redis.commands.multi().del(keys[name]).sadd(keys[name], 'not what it should be').exec();
    await expect(a.store.append(a.tenant, run, [token('x')])).rejects.toThrow('WRONGTYPE');
    if (name === 'events') expect(await a.redis.commands.hgetall(keys.run)).toEqual(before);
  });
});

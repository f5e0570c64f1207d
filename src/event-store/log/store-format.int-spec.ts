import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createTestStore } from '../../../test/support/event-store.js';
import { eventually } from '../../../test/support/eventually.js';
import { type RedisServer, startRedis } from '../../../test/support/redis.js';
import { FORMAT_KEY } from './keys.js';
import { STORE_FORMAT, StoreFormatError } from './store-format.js';

describe('The form in which runs are stored', () => {
  let server: RedisServer;
  let redis: Redis;
  beforeAll(async () => {
    server = await startRedis({ appendOnly: true });
    redis = new Redis(server.url);
    redis.on('error', () => undefined);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  const start = () => createTestStore({ url: server.url });

  it('is noted by the first process, and fits those that follow', async () => {
    const first = await start();
    expect(await redis.get(FORMAT_KEY)).toBe(STORE_FORMAT);
    await first.createRun();
    const second = await start();
    await Promise.all([first.close(), second.close()]);
  });

  it('T284 another one keeps a process from its start, and it says what to do', async () => {
    await redis.set(FORMAT_KEY, '7');
    await expect(start()).rejects.toThrow(StoreFormatError);
    await expect(start()).rejects.toThrow(/runs in form 7, .* use another Redis or database/);
    // Runs without the index that lists go by.
    await redis.set(FORMAT_KEY, '1');
    await expect(start()).rejects.toThrow(/runs in form 1, and this version of Runstream reads form 2/);
    // Runs from before there were numbers.
    await redis.del(FORMAT_KEY);
    await expect(start()).rejects.toThrow(/runs in an older form/);
    expect(await redis.get(FORMAT_KEY)).toBeNull();
    await redis.set(FORMAT_KEY, STORE_FORMAT);
  });

  it('is noted as soon as Redis takes writes, and what was stored meanwhile is of this form', async () => {
    const full = await startRedis({ args: ['--min-replicas-to-write', '1'] });
    const client = new Redis(full.url);
    try {
      const store = await createTestStore({ url: full.url });
      await expect(store.createRun()).rejects.toThrow(/cannot be reached/);
      await client.config('SET', 'min-replicas-to-write', 0);
      await eventually('a run is stored', () =>
        store.createRun().then(
          () => true,
          () => false,
        ),
      );
      await eventually('the form is noted', async () => (await client.get(FORMAT_KEY)) === STORE_FORMAT);
      // Of those who come later none takes it for an older form, and nor does this one when its connection breaks.
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      const second = await createTestStore({ url: full.url });
      await eventually('the first one goes on', () =>
        store.createRun().then(
          () => true,
          () => false,
        ),
      );
      await Promise.all([store.close(), second.close()]);
    } finally {
      client.disconnect();
      await full.stop();
    }
  });

  it('serves nothing when the Redis that comes back has another one', async () => {
    const store = await start();
    const run = await store.createRun();
    await server.kill();
    await server.restart();
    await eventually('Redis is back', () =>
      redis.set(FORMAT_KEY, '7').then(
        () => true,
        () => false,
      ),
    );
    // Whoever came back before that has seen the old one.
    await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await eventually('it has gone', () => store.redis.commands.status === 'end');
    await expect(store.store.read(store.tenant, run)).rejects.toThrow(/cannot be reached/);
    await store.close();
  });
});

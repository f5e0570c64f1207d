import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RedisScript } from '../../src/redis/index.js';
import { testRedisUrl } from '../support/redis.js';

/** jest.config.js has all scripts watched: this is the test of that. */
describe('A script in a test', () => {
  let folder: string;
  let redis: Redis;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runstream-scripts-'));
    redis = new Redis(testRedisUrl());
  });
  afterAll(async () => {
    redis.disconnect();
    await rm(folder, { recursive: true });
  });

  async function run(source: string): Promise<unknown> {
    const file = join(folder, 'one.lua');
    await writeFile(file, source);
    return new RedisScript(pathToFileURL(file)).run(redis, ['keys:{a}:one', 'keys:{a}:two'], ['x']);
  }

  it('may use the keys that it is given, and commands without any', async () => {
    await expect(run(`redis.call('SET', KEYS[1], ARGV[1]); redis.call('DEL', KEYS[2])`)).resolves.toBeNull();
    await expect(run(`return { redis.call('GET', KEYS[1]), redis.call('PING').ok }`)).resolves.toEqual([
      'x',
      'PONG',
    ]);
    await expect(run(`return redis.pcall('INCR', KEYS[1]).err`)).resolves.toMatch(/not an integer/);
  });

  it.each([
    ['a command', `return redis.call('GET', 'keys:{a}:three')`],
    ['one that may fail', `return redis.pcall('SET', KEYS[1] .. ':more', 1)`],
    ['one of several keys', `return redis.call('MGET', KEYS[1], 'keys:{a}:three')`],
    ['a subcommand', `return redis.call('XINFO', 'STREAM', 'keys:{a}:three')`],
    ['keys behind options', `return redis.call('XREAD', 'COUNT', 1, 'STREAMS', 'keys:{a}:three', '0')`],
    ['a call by another name', `local call = redis.call return call('GET', 'keys:{a}:three')`],
  ])('may use no others, though they lie in the same slot: %s', async (_, source) => {
    await expect(run(source)).rejects.toThrow(/UNDECLARED KEY keys:\{a\}:/);
  });
});

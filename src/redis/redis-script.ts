import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { isReplyError, redisCall } from './redis-error.js';

const INCLUDE = /^--- include (\S+)$/gm;

/**
 * A Lua script that lives in a file of its own. A line `--- include other.lua` puts another file, beside it, in
 * its place: that is how scripts share functions.
 */
export class RedisScript {
  private readonly source: string;
  private readonly sha: string;

  constructor(file: URL) {
    this.source = readSource(file);
    this.sha = createHash('sha1').update(this.source).digest('hex');
  }

  /**
   * Runs it by its hash. A server that does not know the script has not begun it, so that sending it in full is
   * the one safe retry.
   *
   * @throws RedisUnavailableError
   */
  run(redis: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return redisCall(this.evaluate(redis, keys, args));
  }

  private async evaluate(
    redis: Redis,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    try {
      return await redis.evalsha(this.sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(isReplyError(error) && error.message.startsWith('NOSCRIPT'))) throw error;
      return redis.eval(this.source, keys.length, ...keys, ...args);
    }
  }
}

function readSource(file: URL): string {
  return readFileSync(file, 'utf8').replace(INCLUDE, (_, name: string) => readSource(new URL(name, file)));
}

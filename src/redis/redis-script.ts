import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RedisClient } from './connections/redis-client.js';
import { isReplyError, redisCall } from './redis-error.js';

/** Shorter texts are cheaper as what they are. */
export const LARGE_TEXT_BYTES = 16 * 1024;

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
  run(redis: RedisClient, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return redisCall(
      this.evaluate(
        () => redis.evalsha(this.sha, keys.length, ...keys, ...args),
        () => redis.eval(this.source, keys.length, ...keys, ...args),
      ),
    );
  }

  /**
   * The same, with texts of LARGE_TEXT_BYTES and more as bytes, for what is only passed on: to make text of it and bytes
   * again costs more than all else that is done with it.
   *
   * @throws RedisUnavailableError
   */
  async runForBytes(
    redis: RedisClient,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    const reply = await redisCall(
      this.evaluate(
        () => redis.callBuffer('EVALSHA', this.sha, keys.length, ...keys, ...args),
        () => redis.callBuffer('EVAL', this.source, keys.length, ...keys, ...args),
      ),
    );
    return withText(reply);
  }

  private async evaluate(byHash: () => Promise<unknown>, inFull: () => Promise<unknown>): Promise<unknown> {
    try {
      return await byHash();
    } catch (error) {
      if (!(isReplyError(error) && error.message.startsWith('NOSCRIPT'))) throw error;
      return inFull();
    }
  }
}

/** A reply with all that is not large as text, in place. */
function withText(reply: unknown): unknown {
  if (Buffer.isBuffer(reply)) return reply.length < LARGE_TEXT_BYTES ? reply.toString() : reply;
  if (Array.isArray(reply)) for (let i = 0; i < reply.length; i++) reply[i] = withText(reply[i]);
  return reply;
}

function readSource(file: URL): string {
  return readFileSync(file, 'utf8').replace(INCLUDE, (_, name: string) => readSource(new URL(name, file)));
}

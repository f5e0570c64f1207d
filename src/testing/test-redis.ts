import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedRedis } from '../redis/index.js';

/** A Redis of one's own. @publicApi */
export interface TestRedis {
  /** For `redisUrl` of a testbed: the path of a Unix socket. */
  readonly url: string;
  /** Ends it, and removes what it had stored. */
  stop(): Promise<void>;
}

/**
 * Starts a private Redis from the `redis-server` or `valkey-server` on the PATH. It needs no port, and does not outlive
 * the process. Start one before all tests, where each testbed starting its own would take too long.
 *
 * @publicApi
 */
export async function startTestRedis(): Promise<TestRedis> {
  const dataDir = await mkdtemp(join(tmpdir(), 'runstream-testing-'));
  const remove = () => rm(dataDir, { recursive: true, force: true });
  try {
    const redis = await EmbeddedRedis.start({ dataDir });
    return {
      url: redis.url,
      stop: async () => {
        await redis.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

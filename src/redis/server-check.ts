import type { Redis } from 'ioredis';

/** What Debian 12 ships; the first with sharded pub/sub. */
const MINIMUM_REDIS = 7.0;

/** What about the server will lead to lost events, in words for the log. */
export async function checkServer(redis: Redis): Promise<string[]> {
  const warnings: string[] = [];
  const info = await redis.info('server');
  const redisVersion = /^redis_version:(\d+\.\d+)/m.exec(info)?.[1];
  if (redisVersion !== undefined && Number(redisVersion) < MINIMUM_REDIS) {
    warnings.push(`Redis ${redisVersion} is too old: use 7.0 or later, or Valkey 7.2 or later.`);
  }
  const policy = /^maxmemory_policy:(\S+)/m.exec(await redis.info('memory'))?.[1];
  if (policy !== undefined && policy !== 'noeviction') {
    warnings.push(
      `maxmemory-policy is "${policy}": under memory pressure Redis will DELETE RUNS AND EVENTS without a trace. ` +
        'Set it to noeviction.',
    );
  }
  return warnings;
}

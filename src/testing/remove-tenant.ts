import { TENANTS_KEY } from '../event-store/index.js';
import { redisCall, RedisConnections } from '../redis/index.js';

const SCAN_COUNT = 1000;

/** Removes all that a tenant has in Redis, so that a shared one does not fill with what tests leave. */
export async function removeTenant(url: string, prefix: string, tenantId: string): Promise<void> {
  const redis = new RedisConnections({ url });
  await redis.onModuleInit();
  try {
    let cursor = '0';
    do {
      const page = redis.commands.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', SCAN_COUNT);
      const [next, keys] = await redisCall(page);
      if (keys.length > 0) await redisCall(redis.commands.unlink(...keys));
      cursor = next;
    } while (cursor !== '0');
    await redisCall(redis.commands.srem(TENANTS_KEY, tenantId));
  } finally {
    redis.onApplicationShutdown();
  }
}

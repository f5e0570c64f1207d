import { TENANTS_KEY } from '../event-store/index.js';
import { redisCall, RedisConnections } from '../redis/index.js';

const SCAN_COUNT = 1000;

/** Removes all that a tenant has in Redis, so that a shared one does not fill with what tests leave. */
export async function removeTenant(url: string, prefix: string, tenantId: string): Promise<void> {
  const redis = new RedisConnections({ url });
  await redis.onModuleInit();
  try {
    for (const server of redis.masters()) {
      let cursor = '0';
      do {
        const page = server.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', SCAN_COUNT);
        const [next, keys] = await redisCall(page);
        // Those of several slots can't go in one command of a cluster.
        await redisCall(Promise.all(keys.map((key) => server.unlink(key))));
        cursor = next;
      } while (cursor !== '0');
    }
    await redisCall(redis.commands.srem(TENANTS_KEY, tenantId));
  } finally {
    redis.onApplicationShutdown();
  }
}

import { redisCall, type RedisConnections } from '../redis/index.js';

const PAGE = 500;

/** All tenants there are, page by page; or some that are named. */
export async function* walkTenants(
  redis: RedisConnections,
  key: string,
  named: readonly string[] | undefined,
): AsyncGenerator<string[]> {
  if (named) {
    yield [...named];
    return;
  }
  let cursor = '0';
  do {
    const [next, tenants] = await redisCall(redis.commands.sscan(key, cursor, 'COUNT', PAGE));
    cursor = next;
    yield tenants;
  } while (cursor !== '0');
}

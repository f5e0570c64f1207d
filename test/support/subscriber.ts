import type { Redis } from 'ioredis';
import type { RedisConnections } from '../../src/redis/index.js';

/** The connection on which a process listens to channels, where there is one server. */
export function subscriberOf(redis: RedisConnections): Redis {
  const [link] = redis.channels.links.all();
  if (!link) throw new Error('Nothing is listened to yet.');
  return link;
}

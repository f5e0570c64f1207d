import type { RedisClient } from './connections/redis-client.js';
import { isReplyError } from './redis-error.js';

/** A row of a stream, as Redis gives it: its id, then field, value, field, value. */
export type StreamRow = [id: string, fields: string[]];

/** A reply, to a command or from a script, that a group is not there (any more): after a flush, or a lost failover. */
export function isNoGroup(error: unknown): error is Error {
  return isReplyError(error) && /NOGROUP|^ERR no such key/.test(error.message);
}

/** Rows of a stream for one consumer of a group, without a wait: new ones (`after` is `>`), or its own after an id. */
export async function readGroup(
  redis: RedisClient,
  of: { stream: string; group: string; consumer: string; after: string; most: number },
): Promise<StreamRow[]> {
  const { stream, group, consumer, after, most } = of;
  const reply = await redis.xreadgroup('GROUP', group, consumer, 'COUNT', most, 'STREAMS', stream, after);
  // Those whose body is gone come without fields.
  return (reply?.[0]?.[1] ?? []).filter((row): row is StreamRow => row[1] !== null);
}

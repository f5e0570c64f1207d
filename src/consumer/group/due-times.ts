import type { JournalEntry } from '../../event-store/index.js';
import { readClock, redisCall, type RedisClient } from '../../redis/index.js';

/** When entries that wait are due, in ms of this process's clock; undefined for one that does not wait. */
export async function dueTimes(
  redis: RedisClient,
  delayedKey: string,
  entries: readonly JournalEntry[],
): Promise<(number | undefined)[]> {
  if (entries.length === 0) return [];
  const [scores, now] = await Promise.all([
    redisCall(redis.zmscore(delayedKey, ...entries.map(({ id }) => id))),
    readClock(redis, delayedKey),
  ]);
  const behindMs = Date.now() - now;
  return scores.map((score) => (score === null ? undefined : Number(score) + behindMs));
}

import type { JournalEntry } from '../../event-store/index.js';
import { redisCall, type RedisClient } from '../../redis/index.js';

/** When entries that wait are due, in ms of this process's clock; undefined for one that does not wait. */
export async function dueTimes(
  redis: RedisClient,
  delayedKey: string,
  entries: readonly JournalEntry[],
): Promise<(number | undefined)[]> {
  if (entries.length === 0) return [];
  const [scores, [seconds, micros]] = await redisCall(
    Promise.all([redis.zmscore(delayedKey, ...entries.map(({ id }) => id)), redis.time()]),
  );
  const behindMs = Date.now() - (Number(seconds) * 1000 + Number(micros) / 1000);
  return scores.map((score) => (score === null ? undefined : Number(score) + behindMs));
}

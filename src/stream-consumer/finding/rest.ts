import type { RedisConnections } from '../../redis/index.js';
import { SCRIPTS } from '../scripts.js';

/** More names of consumers in a stream than are likely to live: a look removes those that are gone. */
const MANY_CONSUMERS = 16;

/** How a group stands in its streams: nothing to do, something or perhaps something, or a stream without the group. */
export type Rest = 'at rest' | 'busy' | 'no group';

/**
 * Tells, at the price of one script, where there is nothing to do: what a look would find out with many commands.
 *
 * @param streams of one hash slot
 * @param waiting sorted sets of what becomes an entry of one of them when it is due; of the same slot
 * @throws RedisUnavailableError
 */
export async function restOf(
  redis: RedisConnections,
  streams: readonly string[],
  group: string,
  waiting: readonly string[] = [],
): Promise<Rest> {
  const keys = [...streams, ...waiting];
  const answer = await SCRIPTS.atRest.run(redis.commands, keys, [group, MANY_CONSUMERS, streams.length]);
  return answer === 1 ? 'at rest' : answer === 0 ? 'busy' : 'no group';
}

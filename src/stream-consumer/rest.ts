import type { RedisConnections } from '../redis/index.js';
import { SCRIPTS } from './scripts.js';

/** More names of consumers in a stream than are likely to live: a look removes those that are gone. */
const MANY_CONSUMERS = 16;

/** How a group stands in its streams: nothing to do, something or perhaps something, or a stream without the group. */
export type Rest = 'at rest' | 'busy' | 'no group';

/**
 * Tells, at the price of one script, where there is nothing to do: what a look would find out with many commands.
 *
 * @param streams of one hash slot
 * @throws RedisUnavailableError
 */
export async function restOf(
  redis: RedisConnections,
  streams: readonly string[],
  group: string,
): Promise<Rest> {
  const answer = await SCRIPTS.atRest.run(redis.commands, streams, [group, MANY_CONSUMERS]);
  return answer === 1 ? 'at rest' : answer === 0 ? 'busy' : 'no group';
}

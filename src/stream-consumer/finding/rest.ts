import type { RedisConnections } from '../../redis/index.js';
import { SCRIPTS } from '../scripts.js';

/** More names of consumers in a stream than are likely to live: a look removes those that are gone. */
const MANY_CONSUMERS = 16;

/**
 * How a group stands in its streams: nothing to do, something or perhaps something, a stream without the group, or not
 * even the stream.
 */
export type Rest = 'at rest' | 'busy' | 'no group' | 'no stream';

const RESTS: Record<number, Rest> = { 1: 'at rest', 0: 'busy', [-1]: 'no group', [-2]: 'no stream' };

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
  return RESTS[answer as number] ?? 'no group';
}

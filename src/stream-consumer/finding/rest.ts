import type { RedisConnections } from '../../redis/index.js';
import { SCRIPTS } from '../scripts.js';

/** More names of consumers in a stream than are likely to live: a look removes those that are gone. */
const MANY_CONSUMERS = 16;

/** How a group stands: nothing to do, something or perhaps something, a stream without the group, or not even the stream. */
export type Rest = 'at rest' | 'busy' | 'no group' | 'no stream';

const RESTS: Record<number, Rest> = { 1: 'at rest', 0: 'busy', [-1]: 'no group', [-2]: 'no stream' };

/** What goes with a stream, in the same hash slot. */
export interface Beside {
  /** Streams whose entries go when they are done. */
  emptied?: readonly string[];
  /** Sorted sets of what becomes an entry when it is due. */
  waiting?: readonly string[];
}

/**
 * Tells, at the price of one script for all who ask at the same time, where there is nothing to do: what a look would
 * find out with many commands.
 *
 * @throws RedisUnavailableError
 */
export async function restOf(
  redis: RedisConnections,
  stream: string,
  group: string,
  { emptied = [], waiting = [] }: Beside = {},
): Promise<Rest> {
  const keys = [stream, ...emptied, ...waiting];
  const answer = await SCRIPTS.atRest.ask(redis, keys, [group, MANY_CONSUMERS, emptied.length]);
  return RESTS[answer as number] ?? 'no group';
}

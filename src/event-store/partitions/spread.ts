import { randomInt } from 'node:crypto';
import { hash } from '../../stream-consumer/index.js';

/**
 * The partition, of so many, in which a new run is made: by the key of the request, so that the same request finds it
 * again and another one under that key is known for another; else by the run's own key, so that the runs of a line mostly
 * lie together; else by chance.
 */
export function spread(count: number, requestKey: string | undefined, runKey: string | undefined): number {
  if (count === 1) return 0;
  const key = requestKey ?? runKey;
  return key === undefined ? randomInt(count) : hash(key) % count;
}

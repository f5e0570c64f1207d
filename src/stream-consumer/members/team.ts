import { hash } from '../buckets.js';

/**
 * The processes of a consumer that may take each other's place: those that serve the same tenants. Who serves others can
 * be home to none of these.
 *
 * @param named the tenants that are served; undefined for all there are
 */
export function teamOf(consumer: string, named: readonly string[] | undefined): string {
  return named ? `${consumer}@${hash([...named].sort().join(' ')).toString(36)}` : consumer;
}

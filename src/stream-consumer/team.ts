import { hash } from './buckets.js';

/** The processes that may take each other's place: who serves other tenants is none of them. */
export function teamOf(name: string, named: readonly string[] | undefined): string {
  return named ? `${name}@${hash([...named].sort().join(' ')).toString(36)}` : name;
}

import slotOf from 'cluster-key-slot';
import { LRUCache } from 'lru-cache';

/** A tenant has no more partitions than this. */
export const MOST_PARTITIONS = 16;

const SLOTS = 16_384;
const SLOTS_OF_PART = SLOTS / MOST_PARTITIONS;
/** Looking for a tag takes some twenty hashes: those in use are remembered. */
const REMEMBERED = 10_000;
const tags = new LRUCache<string, string>({ max: REMEMBERED });

/**
 * What stands between the braces of the keys of a partition. Of the first one it is a zero, as it was before there were
 * others. Of each other it is the first of its number, its number and `-1`, `-2` … whose slot of a Redis
 * Cluster lies in a part of its own: the second
 * partition half of all slots away from the first, the next two a quarter, and so on. So they lie evenly however many
 * there are, and stay where they are when their number is raised.
 *
 * @param tenant '' where keys carry none, else the tenant's id and a dot
 */
export function partitionTag(tenant: string, partition: number): string {
  const first = `${tenant}0`;
  if (partition === 0) return first;
  const name = `${tenant}${partition}`;
  let tag = tags.get(name);
  if (tag === undefined) tags.set(name, (tag = findTag(tenant, partOf(first), partition)));
  return tag;
}

function findTag(tenant: string, firstPart: number, partition: number): string {
  const part = (firstPart + distanceOf(partition)) % MOST_PARTITIONS;
  let tag = `${tenant}${partition}`;
  for (let n = 1; partOf(tag) !== part; n++) tag = `${tenant}${partition}-${n}`;
  return tag;
}

function partOf(tag: string): number {
  return Math.floor(slotOf(`{${tag}}`) / SLOTS_OF_PART);
}

/** The four bits of its number the other way round: 8, 4, 12, 2, 10 … */
function distanceOf(partition: number): number {
  let distance = 0;
  for (let bit = 1, half = MOST_PARTITIONS / 2; half >= 1; bit *= 2, half /= 2)
    if (partition & bit) distance += half;
  return distance;
}

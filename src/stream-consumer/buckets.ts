/**
 * Partitions of tenants are looked for in buckets, so that thousands of tenants cost a few keys and channels. The tags
 * are hash tags of a Redis Cluster whose slots lie evenly apart: bucket b is in the b-th of 64 equal parts of the slots.
 */
const TAGS =
  'w59 w51 w42 w109 w60 w68 w138 w2 w20 w28 w178 w33 w19 w11 w141 w149 w58 w50 w43 w108 w61 w69 w139 w3 w21 w29 w179 w32 w18 w10 w140 w148 w118 w53 w40 w48 w62 w129 w8 w0 w22 w169 w39 w31 w158 w13 w143 w312 w119 w52 w41 w49 w63 w128 w9 w1 w23 w168 w38 w30 w159 w12 w142 w313'.split(
    ' ',
  );

export const BUCKETS: readonly number[] = TAGS.map((_, bucket) => bucket);

/** A partition of a tenant, in which its streams lie. */
export type Partition = `${string}.${number}`;

export function partitionOf(tenantId: string, number = 0): Partition {
  return `${tenantId}.${number}`;
}

/** No tenant's id has a dot. */
export function tenantOf(partition: Partition): string {
  return partition.slice(0, partition.lastIndexOf('.'));
}

export function numberOf(partition: Partition): number {
  return Number(partition.slice(partition.lastIndexOf('.') + 1));
}

export function bucketOf(partition: Partition): number {
  return hash(partition) % TAGS.length;
}

/** Of all keys of a bucket. */
export function tagOf(bucket: number): string {
  return `{${TAGS[bucket] ?? ''}}`;
}

/** FNV-1a, with a last mix: names that differ in their end alone fall far apart. All processes must agree on it. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

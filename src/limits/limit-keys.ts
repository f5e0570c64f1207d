/**
 * Keys of limits in Redis. They are for a tenant as a whole, so they stand outside of the prefix of its partitions. Each
 * tenant's share a slot of a Redis Cluster.
 */
export const LIMIT_KEYS = {
  /** A hash: the tenant's own limits by name, and what it has stored (STORED_FIELD). */
  of: (tenantId: string) => `runstream:{limits:${tenantId}}`,
  /** What is left of the requests per second. */
  requests: (tenantId: string) => `runstream:{limits:${tenantId}}:requests`,
  /** A hash: how many streams each process has, and until when it may. */
  streams: (tenantId: string) => `runstream:{limits:${tenantId}}:streams`,
  /** Which process sums what the tenant stores. */
  summing: (tenantId: string) => `runstream:{limits:${tenantId}}:summing`,
};

/** Beside the limits: no limit is called so. */
export const STORED_FIELD = 'used:stored_bytes';

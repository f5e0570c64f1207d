/**
 * Keys of credentials in Redis. They are found before the tenant is known, so they stand outside of its prefix. API
 * keys share one hash tag, since a key and its tenant's lists of keys are written in one transaction.
 */
export const AUTH_KEYS = {
  apiKey: (id: string) => `runstream:{auth}:key:${id}`,
  /** The tenant's keys by when they were made. */
  apiKeysOf: (tenantId: string) => `runstream:{auth}:keys-made:${tenantId}`,
  /** The same, by when they are forgotten. */
  apiKeysToForget: (tenantId: string) => `runstream:{auth}:keys-to-forget:${tenantId}`,
  ticket: (hash: string) => `runstream:auth:ticket:${hash}`,
  session: (hash: string) => `runstream:auth:session:${hash}`,
};

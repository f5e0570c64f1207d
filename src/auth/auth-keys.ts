/**
 * Keys of credentials in Redis. They are found before the tenant is known, so they stand outside of its prefix. API
 * keys share one hash tag, since a key and its tenant's list of keys are written in one transaction.
 */
export const AUTH_KEYS = {
  apiKey: (id: string) => `runstream:{auth}:key:${id}`,
  apiKeysOf: (tenantId: string) => `runstream:{auth}:keys:${tenantId}`,
  ticket: (hash: string) => `runstream:auth:ticket:${hash}`,
  session: (hash: string) => `runstream:auth:session:${hash}`,
};

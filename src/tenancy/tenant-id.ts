import { ValidationFailedError } from '../common/index.js';

/** No separators, braces, wildcards or line ends: nothing that could forge a key. */
export const TENANT_ID_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** Whether a value is a tenant's id: lower-case letters, digits, `_` and `-`, at most 63. @publicApi */
export function isTenantId(value: unknown): value is string {
  return typeof value === 'string' && TENANT_ID_PATTERN.test(value);
}

/**
 * Tenant ids become part of Redis keys, so this stands between every caller and the keys.
 *
 * @param name what the value is called in the message: a header, a parameter
 * @throws ValidationFailedError
 * @publicApi
 */
export function assertTenantId(value: unknown, name = 'tenant_id'): asserts value is string {
  if (isTenantId(value)) return;
  throw new ValidationFailedError([
    {
      path: name,
      message:
        'not a tenant id: use lower-case letters, digits, _ and -, at most 63, beginning with a letter or digit',
    },
  ]);
}

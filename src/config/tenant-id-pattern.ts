/** A tenant id. Becomes part of Redis keys: no separators, braces, wildcards or line ends. */
export const TENANT_ID_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}$/;

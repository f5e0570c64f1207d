/** What a credential may allow. @publicApi */
export const SCOPES = [
  'runs:read',
  'runs:write',
  'runs:execute',
  'events:handle',
  'consumers:admin',
  'keys:admin',
  'tenants:admin',
] as const;
/** One thing that a credential may allow. @publicApi */
export type Scope = (typeof SCOPES)[number];

export function isScope(text: unknown): text is Scope {
  return (SCOPES as readonly unknown[]).includes(text);
}

/**
 * The operator's: what it allows is above tenants, so that no key of a tenant can hand it on. Keys have it from the
 * command line only.
 */
export const OPERATOR_SCOPE: Scope = 'tenants:admin';

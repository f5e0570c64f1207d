/** What a credential may allow. @publicApi */
export const SCOPES = ['runs:read', 'runs:write', 'consumers:admin', 'keys:admin'] as const;
/** One thing that a credential may allow. @publicApi */
export type Scope = (typeof SCOPES)[number];

export function isScope(text: unknown): text is Scope {
  return (SCOPES as readonly unknown[]).includes(text);
}

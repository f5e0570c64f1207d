import type { components } from '@runstream/client';

export type ApiKey = components['schemas']['KeyResponse'];
export type KeyState = 'good' | 'unused' | 'expired' | 'revoked';

/** How a key stands at a time. */
export function keyStateOf({ revoked_at, expires_at, last_used_at }: ApiKey, now: number): KeyState {
  if (revoked_at !== null) return 'revoked';
  if (expires_at !== null && Date.parse(expires_at) <= now) return 'expired';
  return last_used_at === null ? 'unused' : 'good';
}

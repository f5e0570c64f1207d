import type { Scope } from './scopes/scopes.js';

/** Who asks, as their credential says. @publicApi */
export interface Principal {
  /** `tenant`: a browser that has chosen its tenant where nobody has to prove who they are. */
  kind: 'api-key' | 'jwt' | 'ticket' | 'own' | 'tenant';
  /** Public name of the credential: a key's id, a token's subject. Fit for logs. */
  id: string;
  tenantId: string;
  scopes: readonly Scope[];
  /** In ms since the epoch; absent when it never expires. */
  expiresAt?: number;
  /** The API key behind it, whose revocation ends it. */
  keyId?: string;
  /** The sign-in of a browser behind it, which ends when the browser signs out. */
  sessionId?: string;
  /** A ticket's: the one stream it opens. */
  stream?: StreamGrant;
}

export interface StreamGrant {
  /** Undefined for the stream of all runs of the tenant. */
  runId?: string;
  /** A filter, as `?type=` takes it, that can only be narrowed. */
  types?: string;
}

/** Whom what a request costs is counted for: tickets and sign-ins of a browser are their key's. */
export function callerOf({ kind, keyId, tenantId, id }: Principal): string {
  return keyId === undefined ? `${kind}:${tenantId}:${id}` : `key:${keyId}`;
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the way Express offers to extend its request
  namespace Express {
    interface Request {
      /** Absent while nobody has to prove who they are, and on public paths. */
      principal?: Principal;
    }
  }
}

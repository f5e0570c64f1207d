/** Who may do what, and how they prove who they are. */
export interface AuthOptions {
  /** `none`: nobody has to prove anything. Default `none`. */
  mode?: 'none' | 'api-key' | 'jwt';
  /**
   * With `none`: serve requests under any name. `false` serves only those that name this machine in `Host`, so that no
   * web page reaches a service on loopback by a name of its own (DNS rebinding). Default true.
   */
  allowUnauthenticated?: boolean;
  /** Needed with `jwt`. */
  jwt?: JwtOptions;
  /** How long a stream ticket can be used, in seconds. Default 600. */
  ticketTtlSeconds?: number;
  /** How long the page stays signed in, in seconds. Default 43 200 (12 hours). */
  sessionTtlSeconds?: number;
}

export interface JwtOptions {
  /** Shared secret of HMAC algorithms. Either this or `jwksUrl`. */
  secret?: string;
  /** Where the issuer publishes its keys. */
  jwksUrl?: string;
  /** Required `iss`. */
  issuer: string;
  /** Required `aud`. */
  audience: string;
  /** Signature algorithms that are accepted. Default `HS256` with a secret; `RS256`, `ES256`, `EdDSA` with a JWKS. */
  algorithms?: readonly string[];
  /** Claim that holds the tenant id. Default `tenant_id`. */
  tenantClaim?: string;
  /** Claim that holds the scopes: an array, or a string with spaces between. Default `scope`. */
  scopeClaim?: string;
}

export const AUTH_OPTIONS = Symbol('AUTH_OPTIONS');
export const DEFAULT_TICKET_TTL_SECONDS = 600;
export const DEFAULT_SESSION_TTL_SECONDS = 43_200;

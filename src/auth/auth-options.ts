/** What callers have to prove: nothing, that they have a key, or that an issuer elsewhere knows them. */
export type AuthMode = 'none' | 'api-key' | 'jwt';

/** Who may do what, and how they prove who they are. */
export interface AuthOptions {
  /** `none`: nobody has to prove anything. Default `none`. */
  mode?: AuthMode;
  /**
   * Host names that requests may be sent to (`Host`), besides those of this machine; without ports. `['*']`: any.
   * Without credentials nothing else tells a page apart that has made its own name lead here (DNS rebinding).
   * Default: none more with `none`, any with `api-key` and `jwt`.
   */
  allowedHosts?: readonly string[];
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

import type { Type } from '@nestjs/common';
import { defaultsOf } from '../config/index.js';
import type { PrincipalOf, RequestAuthenticator } from './own/own-principal.js';

/** What callers have to prove: nothing, that they have a key, or that an issuer elsewhere knows them. */
export type AuthMode = 'none' | 'api-key' | 'jwt';

/** With `own` it is the application that knows them. */
export type EffectiveAuthMode = AuthMode | 'own';

/** Who may do what, and how they prove who they are. @publicApi */
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
  /**
   * Credentials of the application's own, in place of `mode`: a provider of the application, or an object, that is asked
   * before anything else of a request is looked at.
   */
  authenticator?: Type<RequestAuthenticator> | RequestAuthenticator;
  /**
   * The same from what the application's middleware and guards have found out, as a session or `request.user`: asked
   * after all of these, when the body has been read.
   */
  principal?: PrincipalOf;
  /** How long a stream ticket can be used, in seconds. Default 600. */
  ticketTtlSeconds?: number;
  /** How long the dashboard stays signed in, in seconds. Default 43 200 (12 hours). */
  sessionTtlSeconds?: number;
}

/** Whose tokens are taken, and how they are read. @publicApi */
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

/**
 * How callers prove who they are, whoever asks them.
 *
 * @throws Error when more than one way is given
 */
export function effectiveMode({ mode, authenticator, principal }: AuthOptions): EffectiveAuthMode {
  const given = [mode !== undefined && mode !== 'none', authenticator !== undefined, principal !== undefined];
  if (given.filter(Boolean).length > 1)
    throw new Error('Give auth one of "mode", "authenticator" and "principal": each says who callers are.');
  return authenticator || principal ? 'own' : (mode ?? 'none');
}

export const AUTH_OPTIONS = Symbol('AUTH_OPTIONS');
export const AUTH_DEFAULTS = defaultsOf('auth');

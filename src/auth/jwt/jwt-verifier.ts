import {
  calculateJwkThumbprint,
  type CryptoKey,
  errors,
  exportJWK,
  type JWSHeaderParameters,
  jwtVerify,
  type JWTVerifyResult,
} from 'jose';
import { createHmac } from 'node:crypto';
import { RunstreamError } from '../../common/index.js';
import { isTenantId } from '../../tenancy/index.js';
import type { AuthOptions, JwtOptions } from '../auth-options.js';
import { isGood, isMoment } from '../good-until.js';
import type { Principal } from '../principal.js';
import { isScope } from '../scopes/scopes.js';
import { PublishedKeys } from './published-keys.js';

const SHARED_SECRET_ALGORITHMS = ['HS256'];
const PUBLISHED_KEY_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];
/** Clocks of issuer and service may differ by so much. */
const CLOCK_TOLERANCE_SECONDS = 5;

/** What a token was verified with: enough to see later, without the token, whether that is trusted still. */
export interface SigningKey {
  alg: string;
  kid?: string;
  /** Of the key and of what is asked of tokens: another one of either is another mark. */
  mark: string;
}

/** @throws Error without the options that the mode needs */
export function jwtVerifierOf({ mode, jwt }: AuthOptions): JwtVerifier | undefined {
  if (mode !== 'jwt') return undefined;
  if (!jwt) throw new Error('With auth mode "jwt" give the options "jwt".');
  return new JwtVerifier(jwt);
}

/** Reads tokens of an issuer elsewhere. One without an expiry is refused: nothing could ever end it. */
export class JwtVerifier {
  private readonly key: Uint8Array | PublishedKeys;
  private readonly algorithms: string[];
  private readonly marks = new WeakMap<Uint8Array | CryptoKey, Promise<string>>();

  constructor(private readonly options: JwtOptions) {
    const { secret, jwksUrl, algorithms } = options;
    if (jwksUrl !== undefined) this.key = new PublishedKeys(new URL(jwksUrl));
    else if (secret !== undefined) this.key = new TextEncoder().encode(secret);
    else throw new Error('With auth mode "jwt" give a secret or a jwksUrl.');
    const usual = jwksUrl === undefined ? SHARED_SECRET_ALGORITHMS : PUBLISHED_KEY_ALGORITHMS;
    this.algorithms = [...(algorithms ?? usual)];
  }

  /**
   * Undefined for a token that is not valid, or names no tenant.
   *
   * @throws RunstreamError OVERLOADED when the issuer's keys can't be had: that says nothing about the token
   */
  async verify(token: string): Promise<Principal | undefined> {
    return (await this.read(token))?.principal;
  }

  /** The same, for a session that lasts without the token. */
  async open(token: string): Promise<{ principal: Principal; signedBy: SigningKey } | undefined> {
    const read = await this.read(token);
    if (!read) return undefined;
    const { alg, kid } = read.verified.protectedHeader;
    const header = { alg, ...(kid !== undefined && { kid }) };
    const key = await available(this.keyOf(header));
    return key && { principal: read.principal, signedBy: { ...header, mark: await this.markOf(key) } };
  }

  /**
   * Whether a token that was verified with it would be, if it came now and had not expired.
   *
   * @throws RunstreamError OVERLOADED
   */
  async trusts({ mark, ...header }: SigningKey): Promise<boolean> {
    const key = await available(this.keyOf(header));
    return key !== undefined && (await this.markOf(key)) === mark;
  }

  private async read(
    token: string,
  ): Promise<{ principal: Principal; verified: JWTVerifyResult } | undefined> {
    const { issuer, audience, tenantClaim = 'tenant_id', scopeClaim = 'scope' } = this.options;
    const verified = await available(this.verified(token, issuer, audience));
    const payload = verified?.payload;
    const tenantId = payload?.[tenantClaim];
    const expiresAt = expiryOf(payload);
    if (!verified || !payload || !isTenantId(tenantId) || expiresAt === undefined || !isGood(expiresAt))
      return undefined;
    const names: unknown[] = [payload.sub, payload.jti];
    const principal: Principal = {
      kind: 'jwt',
      id: names.find((name) => typeof name === 'string') ?? 'jwt',
      tenantId,
      scopes: scopesOf(payload[scopeClaim]),
      expiresAt,
    };
    return { principal, verified };
  }

  private verified(token: string, issuer: string, audience: string): Promise<JWTVerifyResult> {
    const checks = {
      issuer,
      audience,
      algorithms: this.algorithms,
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    };
    const { key } = this;
    return key instanceof Uint8Array ? jwtVerify(token, key, checks) : jwtVerify(token, key.get, checks);
  }

  private async keyOf(header: JWSHeaderParameters): Promise<Uint8Array | CryptoKey> {
    return this.key instanceof Uint8Array ? this.key : this.key.get(header);
  }

  private markOf(key: Uint8Array | CryptoKey): Promise<string> {
    const known = this.marks.get(key) ?? this.newMark(key);
    this.marks.set(key, known);
    return known;
  }

  /** Like the signature of a token it tells nobody the secret, nor does it help to sign. */
  private async newMark(key: Uint8Array | CryptoKey): Promise<string> {
    const { issuer, audience, tenantClaim, scopeClaim } = this.options;
    const asked = JSON.stringify([issuer, audience, this.algorithms, tenantClaim, scopeClaim]);
    const secret = key instanceof Uint8Array ? key : await thumbprint(key);
    return createHmac('sha256', secret).update(`runstream session: ${asked}`).digest('base64url');
  }
}

/** An issuer may say that its key is not to be exported; then the key's name alone tells it from others. */
async function thumbprint(key: CryptoKey): Promise<string> {
  return key.extractable ? calculateJwkThumbprint(await exportJWK(key)) : 'not to be exported';
}

/**
 * Undefined for what is not valid.
 *
 * @throws RunstreamError OVERLOADED
 */
async function available<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    // No connection, no answer in time, another status, no key set, or a key that is none.
    throw new RunstreamError(
      'OVERLOADED',
      "The token issuer's keys can't be fetched at the moment. Try again shortly.",
      { retryAfterSeconds: 5, cause: error },
    );
  }
}

/**
 * Until when a token is good, tolerance included, as the check of its signature has it: what it opens ends then, and
 * not before the next request would be refused. Undefined for what is no date: nothing would ever end such a token.
 */
function expiryOf(payload: JWTVerifyResult['payload'] | undefined): number | undefined {
  if (typeof payload?.exp !== 'number') return undefined;
  const expiresAt = Math.floor((payload.exp + CLOCK_TOLERANCE_SECONDS) * 1000);
  return isMoment(expiresAt) ? expiresAt : undefined;
}

function scopesOf(claim: unknown) {
  const list: unknown[] = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
  return list.filter(isScope);
}

import { errors, jwtVerify, type JWTPayload } from 'jose';
import { RunstreamError } from '../../common/index.js';
import { isTenantId } from '../../tenancy/index.js';
import type { JwtOptions } from '../auth-options.js';
import { isGood, isMoment } from '../good-until.js';
import type { Principal } from '../principal.js';
import { isScope } from '../scopes/scopes.js';
import { PublishedKeys } from './published-keys.js';

const SHARED_SECRET_ALGORITHMS = ['HS256'];
const PUBLISHED_KEY_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];
/** Clocks of issuer and service may differ by so much. */
const CLOCK_TOLERANCE_SECONDS = 5;

/** Reads tokens of an issuer elsewhere. One without an expiry is refused: nothing could ever end it. */
export class JwtVerifier {
  private readonly key: Uint8Array | PublishedKeys;
  private readonly algorithms: string[];

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
    const { issuer, audience, tenantClaim = 'tenant_id', scopeClaim = 'scope' } = this.options;
    const payload = await this.payload(token, issuer, audience);
    const tenantId = payload?.[tenantClaim];
    const expiresAt = expiryOf(payload);
    if (!payload || !isTenantId(tenantId) || expiresAt === undefined || !isGood(expiresAt)) return undefined;
    const names: unknown[] = [payload.sub, payload.jti];
    return {
      kind: 'jwt',
      id: names.find((name) => typeof name === 'string') ?? 'jwt',
      tenantId,
      scopes: scopesOf(payload[scopeClaim]),
      expiresAt,
    };
  }

  private async payload(token: string, issuer: string, audience: string): Promise<JWTPayload | undefined> {
    const checks = {
      issuer,
      audience,
      algorithms: this.algorithms,
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    };
    try {
      const { key } = this;
      const verified =
        key instanceof Uint8Array
          ? await jwtVerify(token, key, checks)
          : await jwtVerify(token, key.get, checks);
      return verified.payload;
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
}

/**
 * Until when a token is good, tolerance included, as the check of its signature has it: what it opens ends then, and
 * not before the next request would be refused. Undefined for what is no date: nothing would ever end such a token.
 */
function expiryOf(payload: JWTPayload | undefined): number | undefined {
  if (typeof payload?.exp !== 'number') return undefined;
  const expiresAt = Math.floor((payload.exp + CLOCK_TOLERANCE_SECONDS) * 1000);
  return isMoment(expiresAt) ? expiresAt : undefined;
}

function scopesOf(claim: unknown) {
  const list: unknown[] = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
  return list.filter(isScope);
}

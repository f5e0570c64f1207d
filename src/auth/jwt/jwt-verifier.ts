import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { RunstreamError } from '../../common/index.js';
import { isTenantId } from '../../tenancy/index.js';
import type { JwtOptions } from '../auth-options.js';
import type { Principal } from '../principal.js';
import { isScope } from '../scopes.js';

const SHARED_SECRET_ALGORITHMS = ['HS256'];
const PUBLISHED_KEY_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];
/** Clocks of issuer and service may differ by so much. */
const CLOCK_TOLERANCE_SECONDS = 5;

/** Reads tokens of an issuer elsewhere. One without an expiry is refused: nothing could ever end it. */
export class JwtVerifier {
  private readonly key: Uint8Array | JWTVerifyGetKey;
  private readonly algorithms: string[];

  constructor(private readonly options: JwtOptions) {
    const { secret, jwksUrl, algorithms } = options;
    if (jwksUrl !== undefined) this.key = createRemoteJWKSet(new URL(jwksUrl));
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
    if (!payload || !isTenantId(tenantId) || payload.exp === undefined) return undefined;
    return {
      kind: 'jwt',
      id: payload.sub ?? payload.jti ?? 'jwt',
      tenantId,
      scopes: scopesOf(payload[scopeClaim]),
      expiresAt: payload.exp * 1000,
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
        key instanceof Uint8Array ? await jwtVerify(token, key, checks) : await jwtVerify(token, key, checks);
      return verified.payload;
    } catch (error) {
      if (isAboutToken(error)) return undefined;
      throw new RunstreamError(
        'OVERLOADED',
        "The token issuer's keys can't be fetched at the moment. Try again shortly.",
        { retryAfterSeconds: 5, cause: error },
      );
    }
  }
}

/** Else the issuer's keys could not be had: no connection, no answer in time, another status, or no key set. */
function isAboutToken(error: unknown): boolean {
  const isOfIssuer =
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    (error instanceof errors.JOSEError && error.code === errors.JOSEError.code);
  return error instanceof errors.JOSEError && !isOfIssuer;
}

function scopesOf(claim: unknown) {
  const list: unknown[] = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
  return list.filter(isScope);
}

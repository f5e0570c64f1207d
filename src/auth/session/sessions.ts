import { Inject, Injectable, Optional } from '@nestjs/common';
import type { TenancyConfig } from '../../config/index.js';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { TENANCY_CONFIG } from '../../tenancy/index.js';
import { isGood } from '../good-until.js';
import { JwtVerifier, type SigningKey } from '../jwt/jwt-verifier.js';
import { ApiKeys } from '../keys/api-keys.js';
import { AUTH_KEYS } from '../auth-keys.js';
import {
  AUTH_DEFAULTS,
  AUTH_OPTIONS,
  type AuthOptions,
  type EffectiveAuthMode,
  effectiveMode,
} from '../auth-options.js';
import type { Principal } from '../principal.js';
import { SCOPES } from '../scopes/scopes.js';
import { hashSecret, newSecret } from '../secret.js';
import { ttlMs } from '../ttl-ms.js';

/** What a browser signs in with, as `POST /session` calls it. */
export type Proof = 'key' | 'token' | 'tenant';

/** What stands for what a browser signed in with. It counts only where that is what one signs in with. */
type Grant = { keyId: string } | { token: Principal; signedBy: SigningKey } | { tenantId: string };

type StoredSession = Grant & {
  /** In ms since the epoch. */
  expiresAt: number;
};

/** A browser that has signed in. */
export interface OpenedSession {
  /** The cookie's value. */
  secret: string;
  principal: Principal;
  /** In ms. */
  lastsMs: number;
}

/**
 * Sign-ins of browsers: a cookie that scripts can't read stands for an API key, a token or the choice of a tenant. A
 * session's id is its secret's hash.
 */
@Injectable()
export class Sessions {
  /** What a browser signs in with here; undefined where there is nothing to sign in to. */
  readonly proof: Proof | undefined;
  /** How long a session lasts at most, in milliseconds. */
  private readonly ttlMs: number;

  constructor(
    private readonly redis: RedisConnections,
    private readonly keys: ApiKeys,
    @Inject(AUTH_OPTIONS) options: AuthOptions,
    @Inject(TENANCY_CONFIG) { enabled: hasTenants }: Pick<TenancyConfig, 'enabled'>,
    @Optional() @Inject(JwtVerifier) private readonly jwt?: JwtVerifier,
  ) {
    this.ttlMs = ttlMs('sessionTtlSeconds', options.sessionTtlSeconds ?? AUTH_DEFAULTS.sessionTtlSeconds);
    this.proof = proofIn(effectiveMode(options), hasTenants);
  }

  /**
   * @param given an API key, a token or a tenant's id, which is taken as it is
   * @returns undefined for one that is not valid, and where there is nothing to sign in to
   */
  async open(given: string): Promise<OpenedSession | undefined> {
    const grant = await this.grant(given);
    const principal = grant && (await this.principalOf(grant));
    if (!grant || !principal) return undefined;
    const secret = newSecret();
    const now = Date.now();
    const expiresAt = Math.min(now + this.ttlMs, principal.expiresAt ?? Infinity);
    const stored: StoredSession = { ...grant, expiresAt };
    await redisCall(
      this.redis.commands.set(
        AUTH_KEYS.session(hashSecret(secret)),
        JSON.stringify(stored),
        'PXAT',
        expiresAt,
      ),
    );
    return { secret, principal, lastsMs: expiresAt - now };
  }

  /** @param cookies the values of all cookies of the session's name */
  async verify(cookies: readonly string[]): Promise<Principal | undefined> {
    const [secret, ...others] = cookies;
    // Of two, one was set by a host beside ours. Which one can't be told.
    if (this.proof === undefined || secret === undefined || others.length > 0) return undefined;
    const sessionId = hashSecret(secret);
    const text = await redisCall(this.redis.commands.get(AUTH_KEYS.session(sessionId)));
    if (text === null) return undefined;
    const { expiresAt, ...grant } = JSON.parse(text) as StoredSession;
    if (!isGood(expiresAt)) return undefined;
    const principal = await this.principalOf(grant);
    return (
      principal && {
        ...principal,
        sessionId,
        expiresAt: Math.min(expiresAt, principal.expiresAt ?? Infinity),
      }
    );
  }

  /**
   * Ends all of them.
   *
   * @param cookies the values of all cookies of the session's name
   * @returns whose it was; undefined when there was none, or more than one
   */
  async close(cookies: readonly string[]): Promise<Principal | undefined> {
    const principal = await this.verify(cookies);
    const keys = cookies.map((secret) => AUTH_KEYS.session(hashSecret(secret)));
    await redisCall(Promise.all(keys.map((key) => this.redis.commands.del(key))));
    return principal;
  }

  /** Of the ids, those whose sessions are over. */
  async endedAmong(ids: readonly string[]): Promise<string[]> {
    const { commands } = this.redis;
    const found = await redisCall(Promise.all(ids.map((id) => commands.exists(AUTH_KEYS.session(id)))));
    return ids.filter((_, i) => found[i] === 0);
  }

  private async grant(given: string): Promise<Grant | undefined> {
    if (this.proof === 'tenant') return { tenantId: given };
    if (this.proof === 'token') {
      const opened = await this.jwt?.open(given);
      return opened && { token: opened.principal, signedBy: opened.signedBy };
    }
    const keyId = this.proof && (await this.keys.verify(given))?.keyId;
    return keyId === undefined ? undefined : { keyId };
  }

  /** Whose a session is, as long as what it stands for would be taken itself. */
  private async principalOf(grant: Grant): Promise<Principal | undefined> {
    const { proof, jwt } = this;
    if ('keyId' in grant) return proof === 'key' ? this.keys.principal(grant.keyId) : undefined;
    if ('token' in grant)
      return proof === 'token' && (await jwt?.trusts(grant.signedBy)) ? grant.token : undefined;
    const { tenantId } = grant;
    return proof === 'tenant' ? { kind: 'tenant', id: 'anonymous', tenantId, scopes: SCOPES } : undefined;
  }
}

function proofIn(mode: EffectiveAuthMode, hasTenants: boolean): Proof | undefined {
  if (mode === 'api-key') return 'key';
  if (mode === 'jwt') return 'token';
  return mode === 'none' && hasTenants ? 'tenant' : undefined;
}

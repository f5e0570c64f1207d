import { Inject, Injectable } from '@nestjs/common';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { isGood } from '../good-until.js';
import { ApiKeys } from '../keys/api-keys.js';
import { AUTH_KEYS } from '../auth-keys.js';
import { AUTH_DEFAULTS, AUTH_OPTIONS, type AuthOptions } from '../auth-options.js';
import type { Principal } from '../principal.js';
import { hashSecret, newSecret } from '../secret.js';
import { ttlMs } from '../ttl-ms.js';

interface StoredSession {
  keyId: string;
  /** In ms since the epoch. */
  expiresAt: number;
}

/** The page's sign-in: a cookie that scripts can't read stands for an API key. A session's id is its secret's hash. */
@Injectable()
export class Sessions {
  /** How long a session lasts, in milliseconds. */
  readonly ttlMs: number;

  constructor(
    private readonly redis: RedisConnections,
    private readonly keys: ApiKeys,
    @Inject(AUTH_OPTIONS) private readonly options: AuthOptions,
  ) {
    this.ttlMs = ttlMs('sessionTtlSeconds', options.sessionTtlSeconds ?? AUTH_DEFAULTS.sessionTtlSeconds);
  }

  /** @returns the cookie's value and whose it is; undefined when the key is not valid, or keys are not in use */
  async open(apiKey: string): Promise<{ secret: string; principal: Principal } | undefined> {
    if (this.options.mode !== 'api-key') return undefined;
    const principal = await this.keys.verify(apiKey);
    if (principal?.keyId === undefined) return undefined;
    const secret = newSecret();
    const stored: StoredSession = {
      keyId: principal.keyId,
      expiresAt: Date.now() + this.ttlMs,
    };
    await redisCall(
      this.redis.commands.set(
        AUTH_KEYS.session(hashSecret(secret)),
        JSON.stringify(stored),
        'PXAT',
        stored.expiresAt,
      ),
    );
    return { secret, principal };
  }

  /** @param cookies the values of all cookies of the session's name */
  async verify(cookies: readonly string[]): Promise<Principal | undefined> {
    const [secret, ...others] = cookies;
    // Of two, one was set by a host beside ours. Which one can't be told.
    if (secret === undefined || others.length > 0) return undefined;
    const sessionId = hashSecret(secret);
    const text = await redisCall(this.redis.commands.get(AUTH_KEYS.session(sessionId)));
    if (text === null) return undefined;
    const { keyId, expiresAt } = JSON.parse(text) as StoredSession;
    if (!isGood(expiresAt)) return undefined;
    const principal = await this.keys.principal(keyId);
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
}

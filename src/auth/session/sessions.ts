import { Inject, Injectable } from '@nestjs/common';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { ApiKeys } from '../keys/api-keys.js';
import { AUTH_KEYS } from '../auth-keys.js';
import { AUTH_OPTIONS, type AuthOptions, DEFAULT_SESSION_TTL_SECONDS } from '../auth-options.js';
import type { Principal } from '../principal.js';
import { hashSecret, newSecret } from '../secret.js';

export const SESSION_COOKIE = 'runstream_session';
const PATTERN = new RegExp(`(?:^|;\\s*)${SESSION_COOKIE}=([A-Za-z0-9_-]{43})(?:;|$)`);

interface StoredSession {
  keyId: string;
  /** In ms since the epoch. */
  expiresAt: number;
}

/** The page's sign-in: a cookie that scripts can't read stands for an API key. A session's id is its secret's hash. */
@Injectable()
export class Sessions {
  readonly ttlSeconds: number;

  constructor(
    private readonly redis: RedisConnections,
    private readonly keys: ApiKeys,
    @Inject(AUTH_OPTIONS) private readonly options: AuthOptions,
  ) {
    this.ttlSeconds = options.sessionTtlSeconds ?? DEFAULT_SESSION_TTL_SECONDS;
  }

  /** @returns the cookie's value and whose it is; undefined when the key is not valid, or keys are not in use */
  async open(apiKey: string): Promise<{ secret: string; principal: Principal } | undefined> {
    if (this.options.mode !== 'api-key') return undefined;
    const principal = await this.keys.verify(apiKey);
    if (principal?.keyId === undefined) return undefined;
    const secret = newSecret();
    const stored: StoredSession = {
      keyId: principal.keyId,
      expiresAt: Date.now() + this.ttlSeconds * 1000,
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

  async verify(cookies: string | undefined): Promise<Principal | undefined> {
    const secret = readCookie(cookies);
    if (secret === undefined) return undefined;
    const sessionId = hashSecret(secret);
    const text = await redisCall(this.redis.commands.get(AUTH_KEYS.session(sessionId)));
    if (text === null) return undefined;
    const { keyId, expiresAt } = JSON.parse(text) as StoredSession;
    if (expiresAt <= Date.now()) return undefined;
    const principal = await this.keys.principal(keyId);
    return (
      principal && {
        ...principal,
        sessionId,
        expiresAt: Math.min(expiresAt, principal.expiresAt ?? Infinity),
      }
    );
  }

  /** @returns whose it was */
  async close(cookies: string | undefined): Promise<Principal | undefined> {
    const principal = await this.verify(cookies);
    const secret = readCookie(cookies);
    if (secret !== undefined) await redisCall(this.redis.commands.del(AUTH_KEYS.session(hashSecret(secret))));
    return principal;
  }

  /** Of the ids, those whose sessions are over. */
  async endedAmong(ids: readonly string[]): Promise<string[]> {
    const { commands } = this.redis;
    const found = await redisCall(Promise.all(ids.map((id) => commands.exists(AUTH_KEYS.session(id)))));
    return ids.filter((_, i) => found[i] === 0);
  }
}

function readCookie(cookies: string | undefined): string | undefined {
  return cookies === undefined ? undefined : PATTERN.exec(cookies)?.[1];
}

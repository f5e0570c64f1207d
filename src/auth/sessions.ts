import { Inject, Injectable } from '@nestjs/common';
import { redisCall, RedisConnections } from '../redis/index.js';
import { ApiKeys } from './api-keys.js';
import { AUTH_KEYS } from './auth-keys.js';
import { AUTH_OPTIONS, type AuthOptions, DEFAULT_SESSION_TTL_SECONDS } from './auth-options.js';
import type { Principal } from './principal.js';
import { hashSecret, newSecret } from './secret.js';

export const SESSION_COOKIE = 'runstream_session';
const PATTERN = new RegExp(`(?:^|;\\s*)${SESSION_COOKIE}=([A-Za-z0-9_-]{43})(?:;|$)`);

/** The page's sign-in: a cookie that scripts can't read stands for an API key. */
@Injectable()
export class Sessions {
  readonly ttlSeconds: number;

  constructor(
    private readonly redis: RedisConnections,
    private readonly keys: ApiKeys,
    @Inject(AUTH_OPTIONS) options: AuthOptions,
  ) {
    this.ttlSeconds = options.sessionTtlSeconds ?? DEFAULT_SESSION_TTL_SECONDS;
  }

  /** @returns the cookie's value; undefined when the key is not valid */
  async open(apiKey: string): Promise<string | undefined> {
    const principal = await this.keys.verify(apiKey);
    if (principal?.keyId === undefined) return undefined;
    const secret = newSecret();
    await redisCall(
      this.redis.commands.set(AUTH_KEYS.session(hashSecret(secret)), principal.keyId, 'EX', this.ttlSeconds),
    );
    return secret;
  }

  async verify(cookies: string | undefined): Promise<Principal | undefined> {
    const secret = readCookie(cookies);
    if (secret === undefined) return undefined;
    const keyId = await redisCall(this.redis.commands.get(AUTH_KEYS.session(hashSecret(secret))));
    return keyId === null ? undefined : this.keys.principal(keyId);
  }

  async close(cookies: string | undefined): Promise<void> {
    const secret = readCookie(cookies);
    if (secret !== undefined) await redisCall(this.redis.commands.del(AUTH_KEYS.session(hashSecret(secret))));
  }
}

function readCookie(cookies: string | undefined): string | undefined {
  return cookies === undefined ? undefined : PATTERN.exec(cookies)?.[1];
}

import { Inject, Injectable } from '@nestjs/common';
import { redisCall, RedisConnections } from '../../redis/index.js';
import { isGood } from '../good-until.js';
import { ApiKeys } from '../keys/api-keys.js';
import { AUTH_KEYS } from '../auth-keys.js';
import {
  AUTH_OPTIONS,
  type AuthOptions,
  AUTH_DEFAULTS,
  type EffectiveAuthMode,
  effectiveMode,
} from '../auth-options.js';
import type { Principal, StreamGrant } from '../principal.js';
import { hashSecret, newSecret } from '../secret.js';
import { Sessions } from '../session/sessions.js';
import { ttlMs } from '../ttl-ms.js';

const PATTERN = /^rt_[A-Za-z0-9_-]{43}$/;

interface StoredTicket {
  /** What issuers had to prove. A ticket is good under that mode only. */
  mode: EffectiveAuthMode;
  tenantId: string;
  issuer: string;
  keyId?: string;
  sessionId?: string;
  expiresAt: number;
  stream: StreamGrant;
}

/**
 * Tickets for browsers, whose EventSource can't send headers: good for one stream, until they expire, in a URL. They
 * die with the key, and with the browser's session, that asked for them.
 */
@Injectable()
export class StreamTickets {
  private readonly mode: EffectiveAuthMode;
  private readonly ttlMs: number;

  constructor(
    private readonly redis: RedisConnections,
    private readonly keys: ApiKeys,
    private readonly sessions: Sessions,
    @Inject(AUTH_OPTIONS) options: AuthOptions,
  ) {
    this.mode = effectiveMode(options);
    this.ttlMs = ttlMs('ticketTtlSeconds', options.ticketTtlSeconds ?? AUTH_DEFAULTS.ticketTtlSeconds);
  }

  /** @param issuer who asks; absent while nobody has to prove who they are */
  async issue(
    tenantId: string,
    stream: StreamGrant,
    issuer: Principal | undefined,
  ): Promise<{ ticket: string; expiresAt: number }> {
    const expiresAt = Math.min(Date.now() + this.ttlMs, issuer?.expiresAt ?? Infinity);
    const ticket = `rt_${newSecret()}`;
    const stored: StoredTicket = {
      mode: this.mode,
      tenantId,
      issuer: issuer?.id ?? 'anonymous',
      expiresAt,
      stream,
      ...(issuer?.keyId !== undefined && { keyId: issuer.keyId }),
      ...(issuer?.sessionId !== undefined && { sessionId: issuer.sessionId }),
    };
    await redisCall(
      this.redis.commands.set(
        AUTH_KEYS.ticket(hashSecret(ticket)),
        JSON.stringify(stored),
        'PXAT',
        expiresAt,
      ),
    );
    return { ticket, expiresAt };
  }

  /** Undefined for a ticket that does not exist, has expired, or whose key or session was ended. */
  async verify(ticket: string): Promise<Principal | undefined> {
    if (!PATTERN.test(ticket)) return undefined;
    const text = await redisCall(this.redis.commands.get(AUTH_KEYS.ticket(hashSecret(ticket))));
    if (text === null) return undefined;
    const { mode, tenantId, issuer, keyId, sessionId, expiresAt, stream } = JSON.parse(text) as StoredTicket;
    if (mode !== this.mode || !isGood(expiresAt)) return undefined;
    if (keyId !== undefined && !(await this.keys.principal(keyId))) return undefined;
    if (sessionId !== undefined && (await this.sessions.endedAmong([sessionId])).length > 0) return undefined;
    return {
      kind: 'ticket',
      id: `ticket of ${issuer}`,
      tenantId,
      scopes: ['runs:read'],
      expiresAt,
      stream,
      ...(keyId !== undefined && { keyId }),
      ...(sessionId !== undefined && { sessionId }),
    };
  }
}

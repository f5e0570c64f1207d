import { Inject, Injectable, Optional } from '@nestjs/common';
import { parsedQuery } from '../http/index.js';
import type { Request } from 'express';
import { ApiKeys } from './keys/api-keys.js';
import { AUTH_OPTIONS, type AuthOptions, type EffectiveAuthMode, effectiveMode } from './auth-options.js';
import { JwtVerifier } from './jwt/jwt-verifier.js';
import { isSafe } from './origin/is-safe.js';
import { senderOf } from './origin/own-origin.js';
import { OwnCredentials } from './own/own-credentials.js';
import { RequestOrigin } from './origin/request-origin.js';
import type { Principal } from './principal.js';
import { sessionCookies } from './session/session-cookie.js';
import { Sessions } from './session/sessions.js';
import { StreamTickets } from './streams/stream-tickets.js';
import { UnauthorizedError } from './unauthorized-error.js';

const BEARER = /^Bearer +([^\s]+) *$/i;

/** Finds out who asks. */
@Injectable()
export class Authenticator {
  private readonly mode: EffectiveAuthMode;

  constructor(
    @Inject(AUTH_OPTIONS) options: AuthOptions,
    private readonly keys: ApiKeys,
    private readonly tickets: StreamTickets,
    private readonly sessions: Sessions,
    private readonly origin: RequestOrigin,
    private readonly own: OwnCredentials,
    @Optional() @Inject(JwtVerifier) private readonly jwt?: JwtVerifier,
  ) {
    this.mode = effectiveMode(options);
  }

  /**
   * Undefined only while nobody has to prove who they are, and no browser has chosen its tenant.
   *
   * @throws UnauthorizedError; RunstreamError FORBIDDEN for a name in `Host` that is not ours
   */
  async authenticate(request: Request): Promise<Principal | undefined> {
    this.origin.assertHost(request);
    const ticket = parsedQuery(request)['ticket'];
    if (ticket !== undefined)
      return required(typeof ticket === 'string' ? await this.tickets.verify(ticket) : undefined);
    const { mode } = this;
    if (mode === 'none') return this.ofCookie(request);
    if (mode === 'own') return required(await this.own.principalOf(request), 'own');
    const authorization = request.get('Authorization');
    if (authorization !== undefined) return required(await this.bearer(BEARER.exec(authorization)?.[1]));
    const { keyHeader } = request.match?.route ?? {};
    const key = keyHeader === undefined ? undefined : request.get(keyHeader);
    if (key !== undefined) return required(await this.bearer(key));
    return required(await this.ofCookie(request));
  }

  /** Whether who asks is known only once the application's middleware and guards were passed. */
  isLate(request: Request): boolean {
    return this.own.areLate && parsedQuery(request)['ticket'] === undefined;
  }

  private async ofCookie(request: Request): Promise<Principal | undefined> {
    return mayUseCookie(request) ? this.sessions.verify(sessionCookies(request)) : undefined;
  }

  private async bearer(token: string | undefined): Promise<Principal | undefined> {
    if (token === undefined) return undefined;
    return this.jwt ? this.jwt.verify(token) : this.keys.verify(token);
  }
}

function required(principal: Principal | undefined, whose?: 'own'): Principal {
  if (!principal) throw new UnauthorizedError(whose);
  return principal;
}

/** A cookie comes along by itself: what changes something must come from our own page. SameSite says the same. */
function mayUseCookie(request: Request): boolean {
  if (senderOf(request) === 'foreign page') return false;
  return isSafe(request) || request.get('Origin') !== undefined;
}

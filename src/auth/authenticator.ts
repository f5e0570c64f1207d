import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { RunstreamError } from '../common/index.js';
import { ApiKeys } from './keys/api-keys.js';
import { AUTH_OPTIONS, type AuthOptions } from './auth-options.js';
import { JwtVerifier } from './jwt/jwt-verifier.js';
import type { Principal } from './principal.js';
import { Sessions } from './session/sessions.js';
import { StreamTickets } from './streams/stream-tickets.js';
import { UnauthorizedError } from './unauthorized-error.js';

const BEARER = /^Bearer +([^\s]+) *$/i;
const THIS_MACHINE = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Finds out who asks. */
@Injectable()
export class Authenticator {
  private readonly jwt: JwtVerifier | undefined;

  constructor(
    @Inject(AUTH_OPTIONS) private readonly options: AuthOptions,
    private readonly keys: ApiKeys,
    private readonly tickets: StreamTickets,
    private readonly sessions: Sessions,
  ) {
    if (options.mode !== 'jwt') return;
    if (!options.jwt) throw new Error('With auth mode "jwt" give the options "jwt".');
    this.jwt = new JwtVerifier(options.jwt);
  }

  /**
   * Undefined only while nobody has to prove who they are.
   *
   * @throws UnauthorizedError; RunstreamError FORBIDDEN for a name that is not this machine's
   */
  async authenticate(request: Request): Promise<Principal | undefined> {
    const { ticket } = request.query;
    if (ticket !== undefined)
      return required(typeof ticket === 'string' ? await this.tickets.verify(ticket) : undefined);
    if ((this.options.mode ?? 'none') === 'none') {
      this.assertMeantForUs(request);
      return undefined;
    }
    const authorization = request.get('Authorization');
    if (authorization !== undefined) return required(await this.bearer(BEARER.exec(authorization)?.[1]));
    if (this.options.mode === 'api-key' && isSameOrigin(request)) {
      return required(await this.sessions.verify(request.get('Cookie')));
    }
    throw new UnauthorizedError();
  }

  private assertMeantForUs(request: Request): void {
    const { allowUnauthenticated = true } = this.options;
    if (allowUnauthenticated || THIS_MACHINE.test(request.get('Host') ?? '')) return;
    throw new RunstreamError(
      'FORBIDDEN',
      'Without credentials only requests to this machine are served: use http://127.0.0.1 or http://localhost, or set AUTH_MODE.',
    );
  }

  private async bearer(token: string | undefined): Promise<Principal | undefined> {
    if (token === undefined) return undefined;
    return this.jwt ? this.jwt.verify(token) : this.keys.verify(token);
  }
}

function required(principal: Principal | undefined): Principal {
  if (!principal) throw new UnauthorizedError();
  return principal;
}

/** A cookie comes along by itself: what changes something must come from our own page. SameSite says the same. */
function isSameOrigin(request: Request): boolean {
  const origin = request.get('Origin');
  if (origin === undefined) return SAFE_METHODS.has(request.method);
  return URL.canParse(origin) && new URL(origin).host === request.get('Host');
}

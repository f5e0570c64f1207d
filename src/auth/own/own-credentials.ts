import { HttpException, Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Request } from 'express';
import { RunstreamError } from '../../common/index.js';
import { isTenantId } from '../../tenancy/index.js';
import { AUTH_OPTIONS, type AuthOptions } from '../auth-options.js';
import type { Principal } from '../principal.js';
import { isScope } from '../scopes/scopes.js';
import { UnauthorizedError } from '../unauthorized-error.js';
import type { OwnPrincipal, RequestAuthenticator } from './own-principal.js';

/** Credentials of the application's own: asks it who a caller is. */
@Injectable()
export class OwnCredentials {
  private authenticator: RequestAuthenticator | undefined;

  constructor(
    @Inject(AUTH_OPTIONS) private readonly options: AuthOptions,
    private readonly modules: ModuleRef,
  ) {}

  /** Whether the application's middleware and guards must have been passed before it can say. */
  get areLate(): boolean {
    return this.options.principal !== undefined;
  }

  /** @throws UnauthorizedError; RunstreamError FORBIDDEN; Error when the application says what makes no sense */
  async principalOf(request: Request): Promise<Principal | undefined> {
    const own = await this.ask(request);
    return own && { kind: 'own', ...checked(own) };
  }

  private async ask(request: Request): Promise<OwnPrincipal | undefined> {
    const { principal } = this.options;
    try {
      return await (principal ? principal(request) : this.instance()?.authenticate(request));
    } catch (error) {
      const status = error instanceof HttpException ? error.getStatus() : 0;
      if (status === 401) throw new UnauthorizedError('own');
      if (status === 403) throw new RunstreamError('FORBIDDEN', (error as HttpException).message);
      throw error;
    }
  }

  /** A class is a provider of some module of the application, which may be made after this one. */
  private instance(): RequestAuthenticator | undefined {
    const { authenticator } = this.options;
    this.authenticator ??=
      typeof authenticator === 'function'
        ? this.modules.get<RequestAuthenticator>(authenticator, {
            strict: false,
          })
        : authenticator;
    return this.authenticator;
  }
}

function checked({ id, tenantId, scopes, expiresAt }: OwnPrincipal): OwnPrincipal {
  const wrong = [
    ...(typeof id === 'string' && id !== '' ? [] : ['"id" must be a text, which names it in logs']),
    ...(isTenantId(tenantId) ? [] : ['"tenantId" must be lower-case letters, digits, _ and -, at most 63']),
    ...(Array.isArray(scopes) && scopes.every(isScope) ? [] : ['"scopes" must be a list of scopes']),
    ...(expiresAt === undefined || Number.isFinite(expiresAt) ? [] : ['"expiresAt" must be ms since 1970']),
  ];
  if (wrong.length > 0)
    throw new Error(`The principal that this application gives is wrong: ${wrong.join('; ')}.`);
  return { id, tenantId, scopes, ...(expiresAt !== undefined && { expiresAt }) };
}

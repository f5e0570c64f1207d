import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { ValidationFailedError } from '../../common/index.js';
import type { TenancyConfig } from '../../config/index.js';
import { HeaderTenantResolver, TENANCY_CONFIG, TenantResolver } from '../../tenancy/index.js';
import { AUTH_OPTIONS, type AuthOptions, type EffectiveAuthMode, effectiveMode } from '../auth-options.js';
import { Authenticator } from '../authenticator.js';
import { CredentialTenantResolver } from '../credential-tenant.resolver.js';
import { isMoment } from '../good-until.js';
import type { Principal } from '../principal.js';
import { SCOPES } from '../scopes/scopes.js';
import { UnauthorizedError } from '../unauthorized-error.js';
import type { SessionResponse } from './session.dto.js';
import { type Proof, Sessions } from './sessions.js';

/** Says who a caller is to this deployment, and how a page can sign in. */
@Injectable()
export class SessionState {
  private readonly mode: EffectiveAuthMode;
  /** Whether a header of the request says whose data it is about, and nothing else does. */
  private readonly hasTenantHeader: boolean;
  /** What a browser signs in with here; undefined where there is nothing to sign in to. */
  readonly proof: Proof | undefined;

  constructor(
    @Inject(AUTH_OPTIONS) options: AuthOptions,
    @Inject(TENANCY_CONFIG) private readonly tenancy: TenancyConfig,
    private readonly tenants: TenantResolver,
    private readonly authenticator: Authenticator,
    sessions: Sessions,
  ) {
    this.mode = effectiveMode(options);
    const readsHeader =
      tenants instanceof HeaderTenantResolver || tenants instanceof CredentialTenantResolver;
    this.hasTenantHeader = tenancy.enabled && this.mode === 'none' && readsHeader;
    const isHeeded = sessions.proof !== 'tenant' || tenants instanceof CredentialTenantResolver;
    this.proof = isHeeded ? sessions.proof : undefined;
  }

  /**
   * Nobody is no error; a credential that is for another tenant is.
   *
   * @throws RunstreamError FORBIDDEN, OVERLOADED, REDIS_UNAVAILABLE
   */
  async of(request: Request): Promise<SessionResponse> {
    const caller = await this.callerOf(request);
    const isOpen = this.mode === 'none';
    return {
      auth_mode: this.mode,
      tenant_id: caller?.tenantId ?? null,
      scopes: isOpen ? [...SCOPES] : caller?.principal ? [...caller.principal.scopes] : null,
      expires_at: dateOf(caller?.principal?.expiresAt),
      tenants: this.hasTenantHeader ? 'header' : 'fixed',
    };
  }

  private async callerOf(
    request: Request,
  ): Promise<{ tenantId: string; principal: Principal | undefined } | undefined> {
    try {
      const tenantId = await this.tenants.resolve(request);
      const principal = request.principal ?? (await this.authenticator.authenticate(request));
      // A ticket opens its stream, and signs nobody in.
      return principal?.stream ? undefined : { tenantId, principal };
    } catch (error) {
      const isNobody = error instanceof UnauthorizedError || this.lacksTenant(request, error);
      if (isNobody) return undefined;
      throw error;
    }
  }

  private lacksTenant({ headers }: Request, error: unknown): boolean {
    const isNamed = headers[this.tenancy.header.toLowerCase()] !== undefined;
    return this.hasTenantHeader && !isNamed && error instanceof ValidationFailedError;
  }
}

/** An application's own credential may end at any number. */
function dateOf(expiresAt: number | undefined): string | null {
  const ms = Math.floor(expiresAt ?? NaN);
  return isMoment(ms) ? new Date(ms).toISOString() : null;
}

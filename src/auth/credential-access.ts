import { Inject, Injectable, Logger, type OnApplicationBootstrap, Optional } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import type { Request, Response } from 'express';
import type { AllowedOrigins } from '../common/index.js';
import { type Match, RequestAccess, type Says } from '../http/index.js';
import type { TenancyConfig } from '../config/index.js';
import { RequestQuota } from '../limits/index.js';
import { RequestTenant, TENANCY_CONFIG } from '../tenancy/index.js';
import { AUTH_OPTIONS, type AuthOptions, effectiveMode } from './auth-options.js';
import { Authenticator } from './authenticator.js';
import { RequestOrigin } from './origin/request-origin.js';
import { ScopeGuard } from './scopes/scope.guard.js';

/** Who may call what, as credentials say. */
@Injectable()
export class CredentialAccess extends RequestAccess implements OnApplicationBootstrap {
  constructor(
    private readonly origin: RequestOrigin,
    private readonly authenticator: Authenticator,
    private readonly tenant: RequestTenant,
    private readonly guard: ScopeGuard,
    private readonly application: ApplicationConfig,
    @Inject(AUTH_OPTIONS) private readonly options: AuthOptions,
    @Inject(TENANCY_CONFIG) private readonly tenancy: TenancyConfig,
    @Optional() private readonly quota?: RequestQuota,
  ) {
    super();
  }

  /** An application that has guards knows its callers, and they would still name their tenant as they like. */
  onApplicationBootstrap(): void {
    const { application, tenancy } = this;
    const guards = [...application.getGlobalGuards(), ...application.getGlobalRequestGuards()];
    if (!tenancy.enabled || effectiveMode(this.options) !== 'none' || guards.length === 0) return;
    new Logger('Runstream').warn(
      `This application has guards of its own, and the tenant of a request to Runstream is what its ${tenancy.header} ` +
        'header says: any caller may name any. Say who asks with auth.principal or auth.authenticator.',
    );
  }

  override async identify(request: Request, match: Match, origins: AllowedOrigins): Promise<void> {
    this.origin.check(request, origins);
    if (this.authenticator.isLate(request)) return;
    await this.tenant.identify(request, match);
    if (request.tenantId !== undefined) await this.quota?.take(request.tenantId);
  }

  override admit(request: Request, response: Response, says: Says): Promise<void> {
    return this.guard.admit(request, response, says);
  }
}

import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { AllowedOrigins } from '../common/index.js';
import { type Match, RequestAccess, type Says } from '../http/index.js';
import { RequestTenant } from '../tenancy/index.js';
import { RequestOrigin } from './origin/request-origin.js';
import { ScopeGuard } from './scope.guard.js';

/** Who may call what, as credentials say. */
@Injectable()
export class CredentialAccess extends RequestAccess {
  constructor(
    private readonly origin: RequestOrigin,
    private readonly tenant: RequestTenant,
    private readonly guard: ScopeGuard,
  ) {
    super();
  }

  override async identify(request: Request, match: Match, origins: AllowedOrigins): Promise<void> {
    this.origin.check(request, origins);
    await this.tenant.identify(request, match);
  }

  override admit(request: Request, response: Response, says: Says): Promise<void> {
    return this.guard.admit(request, response, says);
  }
}

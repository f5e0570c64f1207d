import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { RunstreamError } from '../common/index.js';
import type { TenancyConfig } from '../config/index.js';
import { HeaderTenantResolver, TENANCY_CONFIG, TenantResolver } from '../tenancy/index.js';
import { Authenticator } from './authenticator.js';
import { callerOf } from './principal.js';

/** The credential names the tenant, and a header that says otherwise is refused. Without credentials: the header. @publicApi */
@Injectable()
export class CredentialTenantResolver extends TenantResolver {
  private readonly fromHeader: HeaderTenantResolver;

  constructor(
    @Inject(TENANCY_CONFIG) private readonly config: TenancyConfig,
    private readonly authenticator: Authenticator,
  ) {
    super();
    this.fromHeader = new HeaderTenantResolver(config);
  }

  override async resolve(request: Request): Promise<string> {
    const principal = await this.authenticator.authenticate(request);
    if (!principal) return this.fromHeader.resolve(request);
    request.principal = principal;
    // Whoever chooses a tenant is told apart as before, by their address.
    if (principal.kind !== 'tenant') request.caller = callerOf(principal);
    const { enabled, defaultTenantId, allowedTenants, header } = this.config;
    const { tenantId } = principal;
    const named = enabled ? (request.headersDistinct[header.toLowerCase()] ?? []) : [];
    const isServed = enabled
      ? allowedTenants === '*' || allowedTenants.includes(tenantId)
      : tenantId === defaultTenantId;
    if (!isServed || named.some((name) => name !== tenantId)) {
      throw new RunstreamError(
        'FORBIDDEN',
        `Your credential is for another tenant. Leave ${header} out, or use a credential of the tenant it names.`,
      );
    }
    return tenantId;
  }
}

import { Inject, Injectable } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { TenancyConfig } from '../../config/index.js';
import { DocumentPart, leaveOut } from '../../http/index.js';
import { HeaderTenantResolver, TENANCY_CONFIG, TenantResolver } from '../../tenancy/index.js';
import { AUTH_OPTIONS, type AuthOptions, effectiveMode } from '../auth-options.js';
import { CredentialTenantResolver } from '../credential-tenant.resolver.js';
import { describeSecurity } from './security-schemes.js';
import { describeTenant } from './tenant-parameter.js';

/** Says in the OpenAPI document who may call what, and for which tenant, as the options have it. */
@Injectable()
export class AccessDocument extends DocumentPart {
  constructor(
    @Inject(AUTH_OPTIONS) private readonly auth: AuthOptions,
    @Inject(TENANCY_CONFIG) private readonly tenancy: TenancyConfig,
    private readonly resolver: TenantResolver,
  ) {
    super();
  }

  override complete(document: OpenAPIObject): void {
    const mode = effectiveMode(this.auth);
    // Known only once the application has started, when its routes are made already.
    if (mode !== 'api-key') leaveOut(document, 'keys');
    describeSecurity(document, mode);
    // A resolver of the application's own may look at anything.
    const readsHeader =
      this.resolver instanceof HeaderTenantResolver || this.resolver instanceof CredentialTenantResolver;
    if (this.tenancy.enabled && readsHeader) {
      describeTenant(document, this.tenancy.header, mode === 'none');
    }
  }
}

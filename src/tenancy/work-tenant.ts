import { Inject, Injectable } from '@nestjs/common';
import { RunstreamError } from '../common/index.js';
import type { TenancyConfig } from '../config/index.js';
import { TenantContext } from './tenant-context.js';
import { assertTenantId } from './tenant-id.js';
import { TENANCY_CONFIG } from './tenant-resolver.js';

/** For whom code of an application works when it does not say so itself, and for whom it may. */
@Injectable()
export class WorkTenant {
  constructor(
    private readonly context: TenantContext,
    @Inject(TENANCY_CONFIG) private readonly config: TenancyConfig,
  ) {}

  /** With tenancy off the one there is. @throws Error where no work for a tenant is under way */
  get current(): string {
    if (!this.config.enabled) return this.config.defaultTenantId;
    const tenantId = this.context.current;
    if (tenantId === undefined) {
      throw new Error(
        'There is no tenant here: only handlers, executors and TenantContext.run() have one. ' +
          'Call runs.for(tenantId) first; in a controller @Tenant() says whose the request is.',
      );
    }
    return tenantId;
  }

  /**
   * @throws ValidationFailedError for what is no tenant's id; RunstreamError `FORBIDDEN` when this application does not
   *   serve it
   */
  assertServed(tenantId: string): void {
    assertTenantId(tenantId);
    const { enabled, defaultTenantId, allowedTenants } = this.config;
    const isServed = enabled
      ? allowedTenants === '*' || allowedTenants.includes(tenantId)
      : tenantId === defaultTenantId;
    if (isServed) return;
    throw new RunstreamError(
      'FORBIDDEN',
      `This application does not serve the tenant ${tenantId}. Check its tenancy options.`,
    );
  }
}

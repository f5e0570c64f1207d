import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { TenantResolver } from './tenant-resolver.js';

/**
 * Gives each request its tenant before its body is read, and before any guard, pipe or controller runs. It is a property
 * of the request and no context: an AsyncLocalStorage would cost each promise of the process, and nothing here reads it.
 */
@Injectable()
export class RequestTenant {
  constructor(private readonly resolver: TenantResolver) {}

  /**
   * Finds the tenant; routes that are public, or for all tenants, have none.
   *
   * @throws what the resolver throws
   */
  async identify(
    request: Request,
    { isPublic, route }: { isPublic: boolean; route: { isForAllTenants: boolean } | undefined },
  ): Promise<void> {
    if (isPublic || route?.isForAllTenants) return;
    request.tenantId = await this.resolver.resolve(request);
  }
}

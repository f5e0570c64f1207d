import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { TenantContext } from './tenant-context.js';
import { TenantResolver } from './tenant-resolver.js';

/** Binds each request to its tenant before its body is read, and before any guard, pipe or controller runs. */
@Injectable()
export class RequestTenant {
  constructor(
    private readonly resolver: TenantResolver,
    private readonly context: TenantContext,
  ) {}

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

  /** Calls the routes in the context of the request's tenant. */
  run({ tenantId }: Request, next: () => void): void {
    if (tenantId === undefined) next();
    else this.context.run(tenantId, next);
  }
}

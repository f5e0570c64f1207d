import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the way Express offers to extend its request
  namespace Express {
    interface Request {
      /** Set by RequestTenant; absent on public paths. */
      tenantId?: string;
    }
  }
}

/**
 * The id of the caller's tenant: `list(@Tenant() tenantId: string)`.
 *
 * @publicApi
 */
export const Tenant = createParamDecorator((_: unknown, context: ExecutionContext): string =>
  tenantOf(context.switchToHttp().getRequest<Request>()),
);

/** The same for who has the request. */
export function tenantOf({ tenantId }: Request): string {
  if (tenantId === undefined) {
    throw new Error(
      'A tenant was asked for on a route without a tenant. Import TenancyModule, or take the path off the public ones.',
    );
  }
  return tenantId;
}

import { applyDecorators, UseFilters, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension } from '@nestjs/swagger';
import {
  ACCESS,
  ACCESS_WITH_LEASE,
  ACCESS_EXTENSION,
  ApiErrors,
  RouteExceptionFilter,
  RouteMetadata,
} from '../../http/index.js';
import { ScopeGuard } from './scope.guard.js';
import type { Scope } from './scopes.js';

/**
 * Opens a route, or all of a controller, to credentials with a scope. Such a route is one of Runstream's: bounds, the
 * credential, the tenant and the JSON body come before it, and its errors have Runstream's error body.
 *
 * @publicApi
 */
export const RequireScope = (scope: Scope) =>
  applyDecorators(
    access(scope),
    UseGuards(ScopeGuard),
    ApiBearerAuth(),
    ApiErrors('UNAUTHORIZED', 'FORBIDDEN', 'TENANT_LIMIT'),
  );

/** What scope a call needs in place of the route's when it shows the lease of a worker (the header `Lease-Token`). */
export const RequireScopeWithLease = (scope: Scope) => RouteMetadata(ACCESS_WITH_LEASE, scope);

/** Opens a route to everybody, with bounds of its own and Runstream's error body. @publicApi */
export const Public = () => access('public');

function access(who: Scope | 'public') {
  return applyDecorators(
    RouteMetadata(ACCESS, who),
    UseFilters(RouteExceptionFilter),
    ApiExtension(ACCESS_EXTENSION, who),
  );
}

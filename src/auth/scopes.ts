import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension } from '@nestjs/swagger';
import { ACCESS, ACCESS_EXTENSION, ApiErrors, RouteMetadata } from '../http/index.js';

/** What a credential may allow. */
export const SCOPES = ['runs:read', 'runs:write', 'consumers:admin', 'keys:admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Opens a route, or all of a controller, to credentials with a scope. @publicApi */
export const RequireScope = (scope: Scope) =>
  applyDecorators(access(scope), ApiBearerAuth(), ApiErrors('UNAUTHORIZED', 'FORBIDDEN'));

/** Opens a route to everybody. @publicApi */
export const Public = () => access('public');

/** For the guard, and for the reader of the OpenAPI document. */
const access = (who: Scope | 'public') =>
  applyDecorators(RouteMetadata(ACCESS, who), ApiExtension(ACCESS_EXTENSION, who));

export function isScope(text: unknown): text is Scope {
  return (SCOPES as readonly unknown[]).includes(text);
}

import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth } from '@nestjs/swagger';
import { ACCESS, ApiErrors, RouteMetadata } from '../http/index.js';

/** What a credential may allow. */
export const SCOPES = ['runs:read', 'runs:write', 'consumers:admin', 'keys:admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Opens a route, or all of a controller, to credentials with a scope. @publicApi */
export const RequireScope = (scope: Scope) =>
  applyDecorators(RouteMetadata(ACCESS, scope), ApiBearerAuth(), ApiErrors('UNAUTHORIZED', 'FORBIDDEN'));

/** Opens a route to everybody. @publicApi */
export const Public = () => RouteMetadata(ACCESS, 'public');

export function isScope(text: unknown): text is Scope {
  return (SCOPES as readonly unknown[]).includes(text);
}

import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth } from '@nestjs/swagger';
import { ApiErrors } from '../http/index.js';

/** What a credential may allow. */
export const SCOPES = ['runs:read', 'runs:write', 'consumers:admin', 'keys:admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Metadata of a route or controller: the scope it asks for, or `public`. A route without it is closed. */
export const ACCESS = 'runstream:access';

/** Opens a route, or all of a controller, to credentials with a scope. @publicApi */
export const RequireScope = (scope: Scope) =>
  applyDecorators(SetMetadata(ACCESS, scope), ApiBearerAuth(), ApiErrors('UNAUTHORIZED', 'FORBIDDEN'));

/** Opens a route to everybody. @publicApi */
export const Public = () => SetMetadata(ACCESS, 'public');

export function isScope(text: unknown): text is Scope {
  return (SCOPES as readonly unknown[]).includes(text);
}

import type { Request } from 'express';
import type { Principal } from '../principal.js';

/** Who asks, as an application says that has credentials of its own. @publicApi */
export type OwnPrincipal = Pick<Principal, 'id' | 'tenantId' | 'scopes' | 'expiresAt'>;

/**
 * Says who asks, in an application with credentials of its own. A class is a provider of the application.
 *
 * ```ts
 * @Injectable()
 * export class TeamTokens implements RequestAuthenticator {
 *   constructor(private readonly teams: Teams) {}
 *
 *   async authenticate(request: Request) {
 *     const team = await this.teams.ofToken(request.get('X-Team-Token'));
 *     return team && { id: team.name, tenantId: team.id, scopes: ['runs:read', 'runs:write'] as const };
 *   }
 * }
 * ```
 *
 * @publicApi
 */
export interface RequestAuthenticator {
  /**
   * Called before anything else of a request is looked at; its body is not read yet.
   *
   * @returns undefined for nobody, which is answered with 401
   * @throws UnauthorizedException, ForbiddenException: answered with their status. Anything else is a fault, and 500
   */
  authenticate(request: Request): OwnPrincipal | undefined | Promise<OwnPrincipal | undefined>;
}

/**
 * Says who asks from what the application's own middleware and guards have found out: `(request) => request.user && …`.
 *
 * @publicApi
 */
export type PrincipalOf = RequestAuthenticator['authenticate'];

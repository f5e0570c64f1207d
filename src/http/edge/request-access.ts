import type { Request, Response } from 'express';
import type { AllowedOrigins } from '../../common/index.js';
import type { Match } from './routes/route-table.js';
import type { Says } from './routes/route-metadata.js';

/** Who may call what: how the edge asks. AuthModule provides it. */
export abstract class RequestAccess {
  /**
   * Called before the body is read; finds out who asks, and for which tenant, unless the route is for everybody.
   *
   * @param origins the pages that may call, besides our own
   * @throws RunstreamError when nobody may ask in this way
   */
  abstract identify(request: Request, match: Match, origins: AllowedOrigins): Promise<void>;

  /**
   * Lets a call of a route through, or not: what the guard of its controller does.
   *
   * @throws RunstreamError FORBIDDEN, UNAUTHORIZED
   */
  abstract admit(request: Request, response: Response, says: Says): Promise<void>;
}

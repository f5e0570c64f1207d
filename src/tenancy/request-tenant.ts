import { Injectable, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { isPublicPath } from './public-paths.js';
import { TenantContext } from './tenant-context.js';
import { TenantResolver } from './tenant-resolver.js';

/** Binds each request to its tenant before any guard, pipe or controller runs. */
@Injectable()
export class TenantMiddleware implements NestMiddleware {
  constructor(
    private readonly resolver: TenantResolver,
    private readonly context: TenantContext,
  ) {}

  async use(request: Request, _response: Response, next: NextFunction): Promise<void> {
    // Not request.path: what a middleware is mounted on is cut off from that.
    if (isPublicPath(request.originalUrl.replace(/\?.*$/s, ''))) return next();
    const tenantId = await this.resolver.resolve(request);
    request.tenantId = tenantId;
    this.context.run(tenantId, next);
  }
}

import { Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { pathOf } from '../request.js';
import { EDGE_OPTIONS, type EdgeOptions } from './edge-options.js';

/** Where Runstream's routes are, as clients see it: for links, which must lead back here. */
@Injectable()
export class BasePath {
  private readonly stripped: string;

  constructor(@Inject(EDGE_OPTIONS) { basePath = '' }: EdgeOptions) {
    this.stripped = basePath.replace(/\/+$/, '');
  }

  /**
   * What stands before a route's own path in the path of a request for it: a global prefix, a version, a path of
   * RouterModule or of an application that this one is mounted in.
   *
   * @param own the path that the route's controller gives it, as `/runs/:run_id`
   * @returns empty, or with a slash in front and none at its end
   */
  of(request: Request, own: string): string {
    const path = pathOf(request).replace(/\/+$/, '').split('/');
    return this.stripped + path.slice(0, path.length - own.split('/').length + 1).join('/');
  }
}

import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { EventStore, RunWatcher } from '../../event-store/index.js';
import { parseEventId } from '../../events/index.js';
import { StreamPlace } from './stream-place.js';
import { readWatchRequest } from './watch-request.js';

/** Checks what a watcher of a run asks for, while a refusal can still be a status. */
@Injectable()
export class RunWatchGuard implements CanActivate {
  constructor(
    private readonly store: EventStore,
    private readonly watcher: RunWatcher,
    private readonly place: StreamPlace,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request<{ run_id: string }>>();
    const { tenantId = '', params } = request;
    request.watch = await readWatchRequest(request as Request, this.store.types, parseEventId, (start) =>
      this.watcher.locate(tenantId, params.run_id, start),
    );
    await this.place.take(request as Request);
    return true;
  }
}
